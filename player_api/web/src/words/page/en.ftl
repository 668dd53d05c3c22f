# What all pages share.
cancel = Cancel
close = Close
delete = Delete
done = Done
edit = Edit
language = Language
loading = Loading …
more = More
open = Open
retry = Try again
save = Save
saved = Saved
search = Search
unreachable = The server can't be reached. Check the connection, then try again.
answered = The server answered { $status }.

library = Library
analytics = Analytics
live = Live
sign-in = Sign in
sign-in-why = Lectern asks for an API key. The first one is in the file admin.key of the data folder; “lectern keys create NAME” makes another.
sign-in-key = API key
sign-in-wrong = This key is not valid here. Check that all of it was copied.
sign-in-scope = This key may not do that. Ask for one with the scope that is needed.
sign-out = Sign out
reads-only = This key may look, and change nothing: what would change something is not shown. For that, sign in with a key that has the scope creator.
skip = Skip to the content
