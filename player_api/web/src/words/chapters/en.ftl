title = Chapters
add = Add a chapter at this second
add-first = Add the first chapter
are-found = These chapters were found in what is said and shown.
change-one = Change one, and yours count from then on.
are-none = No chapters were found.
are-set = These chapters were set by somebody.
by-finding = { $count ->
    [one] 1 chapter, found
   *[other] { $count } chapters, found
 }
by-giving-up = back to the automatic ones
by-person = { $count ->
    [one] 1 chapter, set by somebody
   *[other] { $count } chapters, set by somebody
 }
conflict = The chapters were changed elsewhere since you opened them. Nothing is lost: your version is here and the other one is in the history. Which one shall go on?
conflict-mine = Save mine as the newest
conflict-theirs = Show the other one (undo brings mine back)
delete-of = Delete chapter { $number }
draft = There is work here from { $time } that was not saved.
draft-drop = Throw it away
draft-go-on = Go on with it
empty = Viewers see no chapters. They help to find one's way in anything longer than a few minutes.
give-up = Back to the automatic chapters
history = History
history-none = There never were any chapters.
history-show = Show the history
play-from = Play from { $time }
preview = Preview
preview-none = This video can't be played yet. Chapters can be written all the same.
redo = Redo
restore = Restore
restore-of = Restore revision { $revision }
restored = The old chapters are here again. Save to publish them.
revision = Revision { $revision }
saved-as = Saved as revision { $revision }.
start-of = Start of chapter { $number }
theirs-shown = These are the chapters that were saved last. Undo brings yours back.
title-of = Title of chapter { $number }
to-now = Move to this second
to-slide = Move to the slide change at { $time }
to-zero = Move to 0:00
undo = Undo
wrong-late = It begins after the end of the video.
wrong-long-title = The title has { $value } characters: at most 200 can be shown.
wrong-no-title = A chapter needs a title.
wrong-not-at-zero = The first chapter has to begin at 0:00, so that every second belongs to one.
wrong-same-time = It begins at the same time as the one before it.
