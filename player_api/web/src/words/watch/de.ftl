# Was neben dem Video steht.
panel = Transkript, Folien und Kapitel
transcript = Transkript
slides = Folien
scenes = Szenen
chapters = Kapitel
no-transcript = Zu diesem Video gibt es kein Transkript.
transcript-waits = Die Sprache wird noch erkannt. Was gesagt wird, erscheint hier nach und nach.
transcript-away = Das Transkript konnte nicht geladen werden.
slides-live = Folien erscheinen hier, einige Sekunden nachdem sie gezeigt wurden.
slides-wait = Folien werden gesucht, sobald das Video gerechnet ist. Dann erscheinen sie hier.
spoken-language = Sprache
follow = Dem Video folgen
copy = Kopieren
copied = Kopiert
copy-failed = Kopieren ist hier nicht erlaubt
download-vtt = VTT herunterladen
download-txt = TXT herunterladen
search-inside = Im Video suchen
search-hits = { $count ->
    [0] Nichts gefunden
    [one] Eine Stelle gefunden
   *[other] { $count } Stellen gefunden
 }
search-away = Die Suche hat nicht geantwortet. Bitte noch einmal versuchen.
hits = Gefundene Stellen
kind-speech = Gesagt
kind-slide = Auf einer Folie
kind-chapter = Kapitel
go-to = Gehe zu { $time }
topics = Themen
slide = Folie
scene = Szene
