# Die Seiten der Auswertung. Die Formeln der Zahlen stehen in docs/metrics.md.
all-analytics = Wie die Videos gesehen werden
as-of = Gezählt ist, was bis { $time } gesehen wurde. Was folgt, erscheint hier binnen Sekunden.
nothing-counted = Noch ist nichts gezählt. Was gesehen wird, erscheint hier binnen Sekunden.
table-of = { $name }: Tabelle
as-table = Als Tabelle
none = –
seconds = { $n } s
minutes = { $n } min
hours = { $n } h
interval = { $low } bis { $high }
time = Zeit
from-to = Von – bis
week = Woche
period = Zeitraum
figure = Kennzahl
this = Dieses Video
difference = Unterschied
interval-95 = 95-%-Intervall
what-it-says = Was es sagt

replaced = Die Aufnahme wurde am { $time } durch eine gleich lange ersetzt. Was vorher angesehen wurde, ist hier mitgezählt.
replaced-other = Seit { $time } wird eine andere Aufnahme oder ein anderer Teil davon gezeigt. Was vorher angesehen wurde, steht bei der früheren.
earlier = Ihre Zahlen ansehen

nobody-yet = Dieses Video hat noch niemand gesehen.
too-few = { $k ->
    [one] Dieses Video wurde geöffnet, aber niemand, der gezählt werden darf, hat bisher etwas davon abgespielt.
   *[other] Bisher haben weniger als { $k } Lernende dieses Video gesehen.
  }
too-few-why = { $k ->
    [one] Die Kurven erscheinen, sobald die erste Person es sieht, binnen Sekunden.
   *[other] Die Kurven erscheinen ab { $k } Lernenden. Bei weniger wäre es fast ihr eigenes Tun; darum wird auch nicht gezeigt, wie viele es schon sind.
  }
share-it = Wiedergabeseite öffnen, um sie zu teilen oder selbst zu schauen
no-videos = Es gibt noch keine Videos.
upload-one = In der Bibliothek eines hochladen
held-back = { $n ->
    [one] Ein Video hat weniger als { $k } Lernende: Seine Zahlen werden nicht gezeigt und sind in keiner Summe.
   *[other] { $n } Videos haben weniger als { $k } Lernende: Ihre Zahlen werden nicht gezeigt und sind in keiner Summe.
  }
under-k = weniger als { $k }
added = Hinzugefügt
only-tag = Nur Videos mit { $tag }
drop-tag = Wieder alle Videos, nicht nur die mit { $tag }
none-tagged = Kein Video hat dieses Schlagwort.
title = Titel

curve = Wer noch zuschaut
curve-label = Anteil der Lernenden, die jede Sekunde sahen
curve-hint = Auf die Kurve zeigen oder mit den Pfeiltasten an ihr entlanggehen, um diese Sekunde zu sehen. Klick oder Eingabetaste spielt ab dort.
retention = Sahen sie
retention-means = Anteil der Lernenden, die diese Sekunde sahen
plays-a-view = Wiedergaben je Aufruf
replays = Wiederholungen je Person
rewatchers = Sahen sie zweimal
heat-means = Noch einmal gesehen; am dunkelsten: { $n } Wiederholungen je Person
slides-mark = { $n ->
    [one] Eine Folie
   *[other] { $n } Folien
  }
chapters-mark = { $n ->
    [one] Ein Kapitel
   *[other] { $n } Kapitel
  }
at-second = { $time }: { $share } sahen sie
replays-here = { $n } Wiederholungen je Person
quoted = „{ $text }“
point-at = Hier erscheint das Bild der Sekunde, auf die man in der Kurve zeigt.
not-playable = Dieses Video kann hier noch nicht gezeigt werden: Es wird noch empfangen.
playing-from = Spielt ab { $time }
play-from = Ab { $time } abspielen

figures = In Zahlen
learners = Lernende
learners-means = Wer mindestens eine Sekunde sah. Wer nicht eingewilligt hat, zählt nicht dazu.
views = Aufrufe
views-means = Wie oft die Seite des Videos geöffnet wurde, auch wenn nichts gespielt wurde.
watch-time = Gesehen
watch-time-means = Sekunden des Videos, die gespielt wurden, von allen zusammen.
by-the-wall = { $time } nach der Uhr
engagement = Im Mittel gesehen
engagement-means = Anteil des Videos, den eine Person sah, jede Sekunde einmal gezählt.
mean-seen = { $time } je Person
completion = Vollständig gesehen
completion-means = Wer neun Zehntel der Sekunden sah, gleich in welcher Reihenfolge.
reached-end = Bis zum Ende
reached-end-means = Wer zu den letzten 5 Sekunden oder zum letzten Zwanzigstel kam.
watched-live = Live gesehen
watched-live-means = Zeit, in der gesehen wurde, während es live war, nahe am neuesten Bild.
watched-later = Später gesehen
watched-later-means = Zeit, in der das Übrige gesehen wurde: die Aufzeichnung, oder weiter hinten, während es live war.
n-learners = { $n ->
    [one] eine Person
   *[other] { $n } Lernende
  }
who-watches-now = Wer jetzt zusieht
live-what = Dieses Video ist live. Die Kurven zum Gesehenen erscheinen, wenn es eine Aufzeichnung geworden ist.
live-over = Die Vorlesung ist zu Ende. Die Kurven erscheinen hier, wenn die Aufzeichnung fertig ist.
videos = Videos
videos-means = Alle Videos der Bibliothek, auch die mit wenigen Lernenden.
by-week = Nach Wochen
new-learners = Neue Lernende
completed = Vollständig
weeks-held-back = Ein Strich steht für eine Woche, in der zu wenige Lernende neu waren, um ihre Zahlen zu zeigen.

dropoff = Wo Lernende gehen
dropoff-table = Wer nicht weiter kam, nach je fünf Sekunden
drops-clear = An diesen Stellen gingen deutlich mehr als um sie herum. Was dort gesagt und gezeigt wird, verrät vielleicht, warum.
drops-not-clear = Keine Stelle verliert deutlich mehr Lernende als die um sie herum. Am häufigsten war hier Schluss:
left-of = { $exits } von { $present } gingen hier ({ $share })
usual-around = · üblich um diese Stelle: { $share }
left = Gegangen
were-there = Waren da
share-left = Anteil
nothing-said = Hier wird nichts gesagt, oder es gibt keine Untertitel.
slide-named = Folie: { $title }
slide-untitled = Eine Folie ohne Titel wird gezeigt.

chapters = Nach Kapiteln
chapter = Kapitel
chapter-seen = Davon gesehen
chapter-exits = Hier gegangen
no-chapters = Dieses Video hat keine Kapitel.
make-chapters = Welche anlegen

prediction = Wo Lernende wohl gehen werden
prediction-label = Anteil, der wohl gehen wird, nach Teilen des Videos
lost = Werden gehen
band = 95-%-Band
foretold = Bevor jemand kam
seen-so-far = Bisher gegangen
will-leave = Ab { $time }: { $share } derer, die da sind, werden gehen, wahrscheinlich { $interval }
seen-here = Bisher gingen hier { $share }
level = Dieses Video verliert { $n }-mal so viele, wie vorhergesagt war.

by-learner = Nach Lernenden
by-learner-means = Jede Person steht unter einem Namen, den Lectern erfunden hat: Niemand kann daran erkennen, wer es ist. Wer nicht zugestimmt hat, ist nicht dabei.
no-learners = Noch hat niemand, der gezählt werden darf, dieses Video gesehen. Wer schaut, erscheint hier binnen Sekunden.
learner = Lernende
seen-of-it = Gesehen
replayed = Nochmals gesehen
goes-on = Weiter bei
last-seen = Zuletzt
results = Ergebnisse
results-of = { $n ->
    [one] { $share } (eine Frage)
   *[other] { $share } ({ $n } Fragen)
  }
seen-all = Abgeschlossen

cohorts = Gruppen von Lernenden
cohorts-mean = Gruppen sind die, von denen es heißt, dass Lernende darin sind: ein Seminar, ein Jahrgang. Gezeigt wird alles, was eine Gruppe je von diesem Video gesehen hat.
cohorts-label = Anteil jeder Gruppe, der die Sekunde gesehen hat
choose-cohorts = Gruppen, höchstens { $most }
no-cohorts = Niemand ist in einer Gruppe. Wer in welcher ist, sagen PUT /api/v1/cohorts/learner, PUT /api/v1/cohorts oder die Events-Tokens Ihrer Seite.
cohort-held-back = nicht gezeigt
cohort-too_few_learners = „{ $tag }“: Zu wenige aus dieser Gruppe haben zugesehen, als dass ihre Zahlen gezeigt würden.
cohort-rest_too_few = „{ $tag }“ wird nicht gezeigt: Von allen Lernenden, oder von einer größeren Gruppe, die sie enthält, blieben ohne sie, oder ohne sie und andere Gruppen, zu wenige übrig.
cohort-at = { $tag }: { $share }
everybody = Alle Lernenden
cohort-figures = Kennzahlen der Gruppen
cohort-against = { $tag } gegenüber { $first }:
cohorts-overlap = { $tag } hat Lernende mit { $first } gemeinsam; ein Unterschied der beiden sagt wenig und wird nicht genannt.

compare = Vergleichen
compare-label = Beide nebeneinander
compare-figures = Zahlen von beiden
compare-video = Mit einem anderen Video
compare-period = Mit der Zeit davor
weeks = { $n ->
    [one] Diese Woche und die davor
   *[other] Die letzten { $n } Wochen und die { $n } davor
  }
curve-hint-compare = Auf die Kurven zeigen oder mit den Pfeiltasten an ihnen entlanggehen, um beide abzulesen.
place = Stelle
other = Das andere
compared-at = Bei { $place }: { $one } hier, { $other } dort; Unterschied { $difference } (95 %: { $interval })
compare-videos-means = Beide sind in hundert gleich lange Teile geschnitten. Von hundert Intervallen liegen etwa fünf durch Zufall daneben; also auf Strecken achten, nicht auf einzelne Teile.
other-too-few = Das andere Video haben zu wenige Lernende gesehen, um es zu vergleichen.
periods = { $from } bis { $to }, gegen { $from_before } bis { $to_before }
plays-at = { $time }: { $one }-mal gespielt, davor { $other }-mal
these-weeks = Diese Wochen
weeks-before = Die Wochen davor
periods-too-few = In beiden Zeiträumen waren zu wenige Lernende neu, um ihre Wiedergaben zu zeigen.
weeks-left-out = In { $weeks } waren zu wenige Lernende neu: Was da gesehen wurde, ist hier in keiner Zahl.
compare-periods-means = Neu sind Lernende in der Woche, in der sie zum ersten Mal zuschauten. Wer wiederkam, steckt in Wiedergaben und Aufrufen und gilt nicht als neu.
figure-n_learners = Lernende
figure-views = Aufrufe
figure-watch_content_s = Gesehen
figure-watch_wall_s = Gesehen, nach der Uhr
figure-engagement = Im Mittel gesehen
figure-completion_rate = Vollständig gesehen
figure-reached_end_rate = Bis zum Ende
figure-new_learners = Neue Lernende
figure-completed = Vollständig gesehen
figure-reached_end = Bis zum Ende
a-count = Gezählt: bekannt, nicht geschätzt.
not-known = Nicht bekannt.
may-be-chance = Das Intervall enthält die 0: Das kann Zufall sein.
clear = Das Intervall enthält die 0 nicht.

quality = Wie gut es lief
last-days = { $days ->
    [one] Letzte 24 Stunden
   *[other] Letzte { $days } Tage
  }
startup = Start
startup-means = Zeit vom Druck auf Abspielen bis zum ersten Bild: Die Hälfte der Starts war schneller.
startup-p95 = 95 % binnen { $time }
rebuffering = Stockte
rebuffering-means = Anteil der Zeit, in der gewartet statt geschaut wurde.
an-hour = { $n }-mal je Stunde
height = Bild
height-means = Höhe des Bildes, danach gewichtet, wie lange es gesehen wurde.
kbps = { $n } kbit/s
switches = Wechsel der Qualität
switches-means = Wie oft je Stunde die Qualität von selbst wechselte.
errors = Fehlgeschlagen
errors-means = Anteil der Aufrufe, die mit einem Fehler endeten.
of-views = von { $n } Aufrufen
by-hour = Nach Stunden
hour = Stunde
no-quality = In diesem Zeitraum wurde nichts gespielt.

correlation = Zuschauen und Ergebnisse
watching = Zuschauen
rho = Korrelation
fisher = Intervall (Fisher)
bootstrap = Intervall (neu gezogen)
rests-on = Erste Versuche: { $results } Ergebnisse von { $learners } Lernenden an { $items } Aufgaben.
association = Beides geht miteinander einher. Das ist keine Ursache.
factor-covered = Wie viel des Teils gesehen wurde
factor-rewatched = Wie viel noch einmal gesehen wurde
factor-pauses = Pausen je Minute
factor-speed = Geschwindigkeit
results-too-few = Bisher gibt es Ergebnisse von { $n } Lernenden. Mit { $more } mehr lässt sich etwas sagen: Unter { $enough } wäre es Zufall.
no-results = Es gibt zu wenige Prüfungsergebnisse zu diesem Video. Sie kommen über POST /api/v1/assessments/results; ab { $enough } Lernenden lässt sich etwas sagen.
left-out = Weggelassen, weil zu wenig bekannt ist:
left-out-no_ability = { $n }, deren Person anderswo zu wenige Ergebnisse hat
left-out-events_deleted = { $n }, von denen ein Teil der Ereignisse schon gelöscht ist
left-out-not_watched = { $n }, vor denen nichts von diesem Teil gesehen wurde
left-out-item_says_nothing = { $n } an Aufgaben, bei denen alle gleich gut waren oder zu wenige antraten

export = Die Zahlen mitnehmen
download-of = { $name } als { $format }

meanings = Was die Zahlen bedeuten
meanings-where = Kurz gesagt. Die Formeln stehen in der Datei docs/metrics.md von Lectern, Version { $version }.
metric-words = Lernende
metric-words-means = Wer mindestens eine Sekunde sah und eingewilligt hat, gezählt zu werden. Eine Sekunde sah, wer ihre Mitte spielte.
metric-summary = Übersicht
metric-summary-means = Ein Aufruf ist eine geöffnete Seite. Die Sehdauer zählt die gespielten Sekunden des Videos; nach der Uhr braucht höheres Tempo weniger.
metric-live = Live
metric-live-means = Zuschauende sind da vom ersten bis zum letzten Zeichen, dass sie zusehen, wenn zwischen keinen zweien mehr als 30 s liegen. Wie weit hinter dem neuesten Bild sie sind, sagen ihre Player.
metric-retention = Verbleib
metric-retention-means = Lernende, die eine Sekunde sahen, von allen. Nie über 100 %; kann steigen, wohin Leute springen.
metric-rewatch = Noch einmal gesehen
metric-rewatch-means = Wiedergaben einer Sekunde nach der ersten, je Person.
metric-dropoff = Ausstieg
metric-dropoff-means = Lernende gehen bei der weitesten Sekunde, die sie je spielten. Der Anteil gilt für die, die bis dahin kamen.
metric-completion = Vollständigkeit
metric-completion-means = Vollständig: neun Zehntel der Sekunden sind gesehen. Bis zum Ende: Die weiteste Sekunde liegt in den letzten 5 Sekunden oder im letzten Zwanzigstel.
metric-chapters = Kapitel
metric-chapters-means = Dieselben Zahlen nach den Kapiteln, die das Video jetzt hat.
metric-learners = Nach Lernenden
metric-learners-means = Gesehen: Anteil der Sekunden. Nochmals gesehen: gespielte Sekunden über das erste Mal jeder Sekunde hinaus. Ergebnisse: Mittel der ersten Versuche an Fragen dieses Videos.
metric-qoe = Qualität der Wiedergabe
metric-qoe-means = Wie schnell es startet, wie oft es stockt und was gezeigt wird, im gewählten Zeitraum. Verhältnisse sind solche von Summen.
metric-cohorts = Gruppen
metric-cohorts-means = Die Zahlen aller Lernenden, nur von denen, die in einer Gruppe sind. Von zu wenigen wird nichts gezeigt, auch nicht auf dem Umweg über den Rest.
metric-compare = Vergleich
metric-compare-means = Dieses minus das andere, mit dem 95-%-Intervall des Unterschieds, wo er geschätzt ist.
metric-correlation = Zusammenhang
metric-correlation-means = Wie Zuschauen und Ergebnisse miteinander einhergehen, unter Lernenden derselben Aufgabe, ohne den Teil ihres Könnens. Keine Ursachen.
metric-prediction = Vorhersage
metric-prediction-means = Was Stelle und Länge und, wo es half, Worte und Folien über das Gehen sagen; mit den Lernenden nähert sie sich dem Gesehenen.
