# Was alle Seiten gemeinsam haben.
cancel = Abbrechen
close = Schließen
delete = Löschen
done = Fertig
edit = Bearbeiten
language = Sprache
loading = Wird geladen …
more = Mehr
open = Öffnen
retry = Noch einmal versuchen
save = Speichern
saved = Gespeichert
search = Suchen
unreachable = Der Server ist nicht erreichbar. Bitte die Verbindung prüfen und noch einmal versuchen.
answered = Der Server antwortete mit { $status }.

library = Bibliothek
analytics = Auswertung
live = Live
sign-in = Anmelden
sign-in-why = Lectern fragt nach einem API-Schlüssel. Der erste steht in der Datei admin.key im Datenordner; „lectern keys create NAME“ macht einen weiteren.
sign-in-key = API-Schlüssel
sign-in-wrong = Dieser Schlüssel gilt hier nicht. Ist er ganz kopiert?
sign-in-scope = Mit diesem Schlüssel geht das nicht. Es braucht einen mit dem passenden Recht.
sign-out = Abmelden
reads-only = Dieser Schlüssel darf nur lesen: Was etwas ändern würde, wird nicht gezeigt. Dafür melden Sie sich mit einem Schlüssel an, der den Scope creator hat.
skip = Zum Inhalt springen
