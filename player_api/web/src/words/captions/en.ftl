title = Captions
add-language = Add a language
by-model = heard by { $model }
by-person = written by somebody
by-removal = removed
conflict = Somebody else has saved these captions since you opened them. Nothing is lost: your version is here and theirs is in the history. Which one shall go on?
conflict-file = Download mine
conflict-mine = Save mine as the newest
conflict-theirs = Show theirs (undo brings mine back)
count-cues = { $count ->
    [one] 1 caption
   *[other] { $count } captions
 }
count-doubts = { $count ->
    [0] No uncertain words
    [one] 1 uncertain word: listen to it
   *[other] { $count } uncertain words: listen to the next
 }
count-found = { $count ->
    [0] It is nowhere.
    [one] It is in one place.
   *[other] It is in { $count } places.
 }
count-hints = { $count ->
    [0] All are easy to read
    [one] 1 is hard to read: show it
   *[other] { $count } are hard to read: show the next
 }
cues = Captions
do-add = New caption at this second
do-doubt = Next uncertain word
do-end = End now
do-hint = Next one that is hard to read
do-match = Next place
do-merge = Merge with next
do-next = Next caption
do-play = Play or pause
do-previous = Caption before
do-redo = Redo
do-remove = Remove
do-replace = Replace
do-replaceAll = Replace all
do-replay = Play again
do-save = Save
do-search = Find and replace
do-split = Split at the cursor
do-start = Start now
do-undo = Undo
draft = There is work here from { $time } that was not saved.
draft-drop = Throw it away
draft-go-on = Go on with it
empty = There are no captions in this language yet.
empty-begin = Import a file, or play the video and write them as you listen.
export-srt = Export SRT
export-vtt = Export VTT
find = Find
find-and-replace = Find and replace
grave = This caption can't be saved as it is: it begins after the end of the video. Correct its time, or remove it.
hint-empty = empty: left out when saved
hint-fast = { $value } characters a second: 20 can be read
hint-late = begins after the end of the video
hint-long-line = a line of { $value } characters: 42 fit
hint-many-lines = { $value } lines: two are best
hint-overlap = overlaps the next
history = History
history-none = Nothing was saved yet.
history-show = Show the history
import = Import …
imported = { $count ->
    [one] One caption was read from the file. Save to publish it.
   *[other] { $count } captions were read from the file. Save to publish them.
 }
keys = Keyboard shortcuts
keys-mac = On a Mac, Alt is the option key, and ⌘ does what Ctrl does.
language-copy = Begin with a copy of these captions, to translate them
language-tag = Language
language-tag-hint = As codes: en, de-AT, zh-Hant
match-case = Upper and lower case differ
new-of = { $language } (not saved yet)
play-from = Play from { $time }
preview = Preview
preview-none = This video can't be played yet. The captions can be written all the same.
replace-by = Replace by
replaced = { $count ->
    [one] One place was replaced.
   *[other] { $count } places were replaced.
 }
restore = Restore
restore-of = Restore revision { $revision }
restored = Revision { $revision } is here again. Save to publish it.
revision = Revision { $revision }
saved-as = Saved as revision { $revision }.
split-where = Put the cursor between two words first.
text-of = Text at { $time }
theirs-shown = These are the captions that were saved last. Undo brings yours back.
time-end = End
time-start = Start
unreadable = Line { $line } of this file can't be read: captions are WebVTT or SubRip, with times such as 00:01:02.500 --> 00:01:04.000. Nothing was changed.
unsure = Heard without certainty:
