title = Kapitel
add = Kapitel an dieser Sekunde einfügen
add-first = Das erste Kapitel einfügen
are-found = Diese Kapitel wurden in Ton und Bild gefunden.
change-one = Wenn Sie eines ändern, gelten von da an Ihre.
are-none = Es wurden keine Kapitel gefunden.
are-set = Diese Kapitel hat jemand gesetzt.
by-finding = { $count ->
    [one] 1 Kapitel, gefunden
   *[other] { $count } Kapitel, gefunden
 }
by-giving-up = zurück zu den automatischen
by-person = { $count ->
    [one] 1 Kapitel, von jemandem gesetzt
   *[other] { $count } Kapitel, von jemandem gesetzt
 }
conflict = Die Kapitel wurden anderswo geändert, seit sie hier geöffnet wurden. Nichts ist verloren: Ihre Fassung ist hier, die andere im Verlauf. Welche soll weiter gelten?
conflict-mine = Meine als neueste speichern
conflict-theirs = Die andere zeigen (Rückgängig holt meine zurück)
delete-of = Kapitel { $number } löschen
draft = Hier liegt Arbeit vom { $time }, die nicht gespeichert wurde.
draft-drop = Wegwerfen
draft-go-on = Damit weitermachen
empty = Zuschauer sehen keine Kapitel. In allem, was länger als ein paar Minuten ist, helfen sie, sich zurechtzufinden.
give-up = Zurück zu den automatischen Kapiteln
history = Verlauf
history-none = Es gab nie Kapitel.
history-show = Verlauf zeigen
play-from = Ab { $time } abspielen
preview = Vorschau
preview-none = Dieses Video kann noch nicht abgespielt werden. Kapitel lassen sich trotzdem schreiben.
redo = Wiederholen
restore = Wiederherstellen
restore-of = Fassung { $revision } wiederherstellen
restored = Die alten Kapitel sind wieder hier. Veröffentlicht werden sie mit dem Speichern.
revision = Fassung { $revision }
saved-as = Als Fassung { $revision } gespeichert.
start-of = Beginn von Kapitel { $number }
theirs-shown = Das sind die zuletzt gespeicherten Kapitel. Rückgängig holt Ihre zurück.
title-of = Titel von Kapitel { $number }
to-now = An diese Sekunde verschieben
to-slide = Zum Folienwechsel bei { $time } verschieben
to-zero = Nach 0:00 verschieben
undo = Rückgängig
wrong-late = Es beginnt nach dem Ende des Videos.
wrong-long-title = Der Titel hat { $value } Zeichen: Höchstens 200 können gezeigt werden.
wrong-no-title = Ein Kapitel braucht einen Titel.
wrong-not-at-zero = Das erste Kapitel muss bei 0:00 beginnen, damit jede Sekunde zu einem gehört.
wrong-same-time = Es beginnt zur selben Zeit wie das davor.
