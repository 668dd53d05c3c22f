# Der Kopf, den alle Seiten eines Videos gemeinsam haben.
all-videos = Alle Videos
watch = Wiedergabeseite
video-pages = Seiten dieses Videos
tab-video = Video
tab-captions = Untertitel
tab-chapters = Kapitel
tab-trim = Kürzen
tab-analytics = Auswertung
status-waiting = Wartet
status-live = Live
status-processing = Wird vorbereitet
status-ready = Fertig
status-failed = Fehlgeschlagen
private = Privat
