title = Untertitel
add-language = Sprache hinzufügen
by-model = gehört von { $model }
by-person = von jemandem geschrieben
by-removal = entfernt
conflict = Jemand anders hat diese Untertitel gespeichert, seit sie hier geöffnet wurden. Nichts ist verloren: Ihre Fassung ist hier, die andere im Verlauf. Welche soll weiter gelten?
conflict-file = Meine herunterladen
conflict-mine = Meine als neueste speichern
conflict-theirs = Die andere zeigen (Rückgängig holt meine zurück)
count-cues = { $count ->
    [one] 1 Untertitel
   *[other] { $count } Untertitel
 }
count-doubts = { $count ->
    [0] Keine unsicheren Wörter
    [one] 1 unsicheres Wort: anhören
   *[other] { $count } unsichere Wörter: das nächste anhören
 }
count-found = { $count ->
    [0] Das kommt nicht vor.
    [one] Das kommt einmal vor.
   *[other] Das kommt an { $count } Stellen vor.
 }
count-hints = { $count ->
    [0] Alle sind gut zu lesen
    [one] 1 ist schwer zu lesen: zeigen
   *[other] { $count } sind schwer zu lesen: den nächsten zeigen
 }
cues = Untertitel
do-add = Neuer Untertitel an dieser Sekunde
do-doubt = Nächstes unsicheres Wort
do-end = Endet jetzt
do-hint = Nächster schwer zu lesender
do-match = Nächste Stelle
do-merge = Mit dem nächsten verbinden
do-next = Nächster Untertitel
do-play = Abspielen oder anhalten
do-previous = Untertitel davor
do-redo = Wiederholen
do-remove = Entfernen
do-replace = Ersetzen
do-replaceAll = Alle ersetzen
do-replay = Noch einmal abspielen
do-save = Speichern
do-search = Suchen und ersetzen
do-split = Am Cursor teilen
do-start = Beginnt jetzt
do-undo = Rückgängig
draft = Hier liegt Arbeit vom { $time }, die nicht gespeichert wurde.
draft-drop = Wegwerfen
draft-go-on = Damit weitermachen
empty = In dieser Sprache gibt es noch keine Untertitel.
empty-begin = Importieren Sie eine Datei, oder spielen Sie das Video ab und schreiben Sie mit.
export-srt = Export SRT
export-vtt = Export VTT
find = Suchen
find-and-replace = Suchen und ersetzen
grave = Dieser Untertitel kann so nicht gespeichert werden: Er beginnt nach dem Ende des Videos. Ändern Sie seine Zeit, oder entfernen Sie ihn.
hint-empty = leer: wird beim Speichern weggelassen
hint-fast = { $value } Zeichen in der Sekunde: 20 sind lesbar
hint-late = beginnt nach dem Ende des Videos
hint-long-line = eine Zeile mit { $value } Zeichen: 42 passen hinein
hint-many-lines = { $value } Zeilen: zwei sind am besten
hint-overlap = überschneidet sich mit dem nächsten
history = Verlauf
history-none = Es wurde noch nichts gespeichert.
history-show = Verlauf zeigen
import = Importieren …
imported = { $count ->
    [one] Ein Untertitel wurde aus der Datei gelesen. Veröffentlicht wird er mit dem Speichern.
   *[other] { $count } Untertitel wurden aus der Datei gelesen. Veröffentlicht werden sie mit dem Speichern.
 }
keys = Tastenkürzel
keys-mac = Auf einem Mac ist Alt die Wahltaste, und ⌘ tut, was Strg tut.
language-copy = Mit einer Kopie dieser Untertitel beginnen, um sie zu übersetzen
language-tag = Sprache
language-tag-hint = Als Kürzel: en, de-AT, zh-Hant
match-case = Groß- und Kleinschreibung beachten
new-of = { $language } (noch nicht gespeichert)
play-from = Ab { $time } abspielen
preview = Vorschau
preview-none = Dieses Video kann noch nicht abgespielt werden. Untertitel lassen sich trotzdem schreiben.
replace-by = Ersetzen durch
replaced = { $count ->
    [one] Eine Stelle wurde ersetzt.
   *[other] { $count } Stellen wurden ersetzt.
 }
restore = Wiederherstellen
restore-of = Fassung { $revision } wiederherstellen
restored = Fassung { $revision } ist wieder hier. Veröffentlicht wird sie mit dem Speichern.
revision = Fassung { $revision }
saved-as = Als Fassung { $revision } gespeichert.
split-where = Setzen Sie zuerst den Cursor zwischen zwei Wörter.
text-of = Text bei { $time }
theirs-shown = Das sind die zuletzt gespeicherten Untertitel. Rückgängig holt Ihre zurück.
time-end = Ende
time-start = Beginn
unreadable = Zeile { $line } dieser Datei ist nicht lesbar: Untertitel sind WebVTT oder SubRip, mit Zeiten wie 00:01:02.500 --> 00:01:04.000. Nichts wurde geändert.
unsure = Nicht sicher gehört:
