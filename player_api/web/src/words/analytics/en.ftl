# The pages of analytics. The formulas of the numbers are in docs/metrics.md.
all-analytics = How the videos are watched
as-of = All that was watched up to { $time } is counted. What comes next appears here within seconds.
nothing-counted = Nothing is counted yet. What is watched appears here within seconds.
as-table = As a table
table-of = { $name }: table
none = –
seconds = { $n } s
minutes = { $n } min
hours = { $n } h
interval = { $low } to { $high }
time = Time
from-to = From – to
week = Week
period = Period
figure = Figure
this = This video
difference = Difference
interval-95 = 95 % interval
what-it-says = What it says

replaced = The recording was replaced on { $time }, by one of the same length. What was watched before that is counted here as well.
replaced-other = Since { $time } another recording, or another part of it, is shown. What was watched before that is with the earlier one.
earlier = See its numbers

nobody-yet = Nobody has watched this video yet.
too-few = { $k ->
    [one] This video was opened, but nobody who may be counted has played any of it so far.
   *[other] Fewer than { $k } learners have watched this video so far.
  }
too-few-why = { $k ->
    [one] The curves appear with the first learner, within seconds.
   *[other] The curves appear from { $k } learners on. With fewer, what they did would be nearly theirs alone; so how many are there already is not shown either.
  }
share-it = Open the watch page, to share it or to watch it yourself
no-videos = There are no videos yet.
upload-one = Upload one in the library
held-back = { $n ->
    [one] One video has fewer than { $k } learners: its numbers are not shown, and are in no sum.
   *[other] { $n } videos have fewer than { $k } learners: their numbers are not shown, and are in no sum.
  }
under-k = fewer than { $k }
added = Added
only-tag = Only videos tagged { $tag }
drop-tag = All videos again, not only those tagged { $tag }
none-tagged = No video has this tag.
title = Title

curve = Who still watches
curve-label = Share of the learners who saw each second
curve-hint = Point at the curve, or move along it with the arrow keys, to see that second. Click, or press Enter, to play from there.
retention = Saw it
retention-means = Share of the learners who saw this second
plays-a-view = Plays a view
replays = Replays a learner
rewatchers = Saw it twice
heat-means = Watched again; darkest: { $n } replays a learner
slides-mark = { $n ->
    [one] One slide
   *[other] { $n } slides
  }
chapters-mark = { $n ->
    [one] One chapter
   *[other] { $n } chapters
  }
at-second = { $time }: { $share } saw it
replays-here = { $n } replays a learner
quoted = “{ $text }”
point-at = The picture of the second that you point at on the curve appears here.
not-playable = This video can't be shown here yet: it is still being received.
playing-from = Plays from { $time }
play-from = Play from { $time }

figures = In figures
learners = Learners
learners-means = Who watched a second at least. Those without consent are not among them.
views = Views
views-means = How often the page of the video was opened, if nothing was played, too.
watch-time = Watched
watch-time-means = Seconds of the video that were played, by all together.
by-the-wall = { $time } by the clock
engagement = Seen on average
engagement-means = Share of the video that a learner saw, each second counted once.
mean-seen = { $time } a learner
completion = Completed
completion-means = Learners who saw nine tenths of the seconds, in any order.
reached-end = Reached the end
reached-end-means = Learners who came to the last 5 seconds, or the last twentieth.
watched-live = Watched live
watched-live-means = Time spent watching while it was live, and near to its newest picture.
watched-later = Watched later
watched-later-means = Time spent watching the rest: the recording, or further back while it was live.
n-learners = { $n ->
    [one] one learner
   *[other] { $n } learners
  }
who-watches-now = Who watches now
live-what = This video is live. The curves of what was watched appear when it has become a recording.
live-over = The lecture is over. The curves appear here when the recording has been assembled.
videos = Videos
videos-means = All videos of the library, those with few learners, too.
by-week = By week
new-learners = New learners
completed = Completed
weeks-held-back = A dash stands for a week in which too few learners were new for its numbers to be shown.

dropoff = Where learners leave
dropoff-table = Who came no further, by five seconds
drops-clear = At these places clearly more learners left than around them. What is said and shown there may tell why.
drops-not-clear = No place loses clearly more learners than those around it. Most came no further than here:
left-of = { $exits } of { $present } left here ({ $share })
usual-around = · usual around here: { $share }
left = Left
were-there = Were there
share-left = Share
nothing-said = Nothing is said here, or there are no captions.
slide-named = Slide: { $title }
slide-untitled = A slide without a title is shown.

chapters = By chapters
chapter = Chapter
chapter-seen = Seen of it
chapter-exits = Left in it
no-chapters = This video has no chapters.
make-chapters = Make some

prediction = Where learners will probably leave
prediction-label = Share that will probably leave, by parts of the video
lost = Will leave
band = 95 % band
foretold = Before anybody came
seen-so-far = Left so far
will-leave = From { $time } on: { $share } of those who are there will leave, probably { $interval }
seen-here = { $share } left here so far
level = This video loses { $n } times as many as was foretold.

by-learner = By learner
by-learner-means = Each under a name that Lectern made up: nobody can tell from it who it is. Those without consent are not among them.
no-learners = Nobody who may be counted has watched this video yet. Each learner appears here within seconds of watching.
learner = Learner
seen-of-it = Seen
replayed = Watched again
goes-on = Goes on at
last-seen = Last seen
results = Results
results-of = { $n ->
    [one] { $share } (one question)
   *[other] { $share } ({ $n } questions)
  }
seen-all = Completed

cohorts = Groups of learners
cohorts-mean = Groups are those that whoever names your learners says they are in: a seminar, a year. A group is shown with all that it ever saw of this video.
cohorts-label = Share of each group that saw each second
choose-cohorts = Groups, { $most } at most
no-cohorts = No learner is in a group. Tell who is in which by PUT /api/v1/cohorts/learner or PUT /api/v1/cohorts, or with the events tokens of your page.
cohort-held-back = not shown
cohort-too_few_learners = “{ $tag }”: too few of this group have watched for their numbers to be shown.
cohort-rest_too_few = “{ $tag }” is not shown: taken from all learners, or from a larger group that holds it, it would leave too few, alone or together with other groups.
cohort-at = { $tag }: { $share }
everybody = All learners
cohort-figures = Figures of the groups
cohort-against = { $tag } against { $first }:
cohorts-overlap = { $tag } shares learners with { $first }, so a difference of the two says little and is not given.

compare = Compare
compare-label = Both, side by side
compare-figures = Figures of both
compare-video = With another video
compare-period = With the time before
weeks = { $n ->
    [one] This week and the one before
   *[other] The last { $n } weeks and the { $n } before
  }
curve-hint-compare = Point at the curves, or move along them with the arrow keys, to read both.
place = Place
other = The other one
compared-at = At { $place }: { $one } here, { $other } there; difference { $difference } (95 %: { $interval })
compare-videos-means = Both are cut into a hundred parts of equal length. With a hundred intervals some five miss by chance, so look at stretches and not at single parts.
other-too-few = Too few learners have watched the other video for it to be compared.
periods = { $from } to { $to }, against { $from_before } to { $to_before }
plays-at = { $time }: played { $one } times, before { $other } times
these-weeks = These weeks
weeks-before = The weeks before
periods-too-few = Too few learners were new in both periods for their plays to be shown.
weeks-left-out = Too few learners were new in { $weeks }: what was watched then is in no number here.
compare-periods-means = A learner is new in the week of their first viewing. Who came again is in plays and views, and is not a new learner.
figure-n_learners = Learners
figure-views = Views
figure-watch_content_s = Watched
figure-watch_wall_s = Watched, by the clock
figure-engagement = Seen on average
figure-completion_rate = Completed
figure-reached_end_rate = Reached the end
figure-new_learners = New learners
figure-completed = Completed
figure-reached_end = Reached the end
a-count = A count: known, not estimated.
not-known = Not known.
may-be-chance = The interval holds 0: this may be chance.
clear = The interval does not hold 0.

quality = How well it played
last-days = { $days ->
    [one] Last 24 hours
   *[other] Last { $days } days
  }
startup = Start
startup-means = Time from pressing play to the first picture: half of the starts were faster.
startup-p95 = 95 % within { $time }
rebuffering = Stalled
rebuffering-means = Share of the time in which viewers waited instead of watching.
an-hour = { $n } times an hour
height = Picture
height-means = Height of the picture, by how long it was watched.
kbps = { $n } kbit/s
switches = Changes of quality
switches-means = How often an hour the quality changed by itself.
errors = Failed
errors-means = Share of the views that ended with an error.
of-views = of { $n } views
by-hour = By hour
hour = Hour
no-quality = Nothing was played in this period.

correlation = Watching and results
watching = Watching
rho = Correlation
fisher = Interval (Fisher)
bootstrap = Interval (drawn again)
rests-on = First attempts: { $results } results of { $learners } learners at { $items } items.
association = They go together. That is no cause.
factor-covered = How much of the part was seen
factor-rewatched = How much was seen again
factor-pauses = Pauses a minute
factor-speed = Speed
results-too-few = There are results of { $n } learners so far. With { $more } more something can be said: below { $enough } it would be chance.
no-results = There are too few results of assessments of this video. They are sent to POST /api/v1/assessments/results; from { $enough } learners on something can be said.
left-out = Left out, since not enough is known:
left-out-no_ability = { $n } whose learner has too few results elsewhere
left-out-events_deleted = { $n } of whom a part of the events is deleted already
left-out-not_watched = { $n } before which nothing of that part was watched
left-out-item_says_nothing = { $n } at items at which all did equally well, or too few tried

export = Take the numbers with you
download-of = { $name } as { $format }

meanings = What the numbers mean
meanings-where = In short. The formulas are in the file docs/metrics.md of Lectern, version { $version }.
metric-words = Learners
metric-words-means = Whoever watched a second at least, and consented to be counted. A second is seen by whoever played its middle.
metric-summary = Summary
metric-summary-means = A view is an opened page. Watch time adds up the seconds of the video that were played; by the clock, faster speeds take less.
metric-live = Live
metric-live-means = Viewers are there from their first sign of watching to their last, if no two are more than 30 s apart. How far behind the newest picture they are, their players tell.
metric-retention = Retention
metric-retention-means = Learners who saw a second, of all learners. It is never above 100 %, and may rise where people skip to.
metric-rewatch = Rewatch
metric-rewatch-means = Plays of a second beyond the first, a learner.
metric-dropoff = Drop-off
metric-dropoff-means = Learners leave at the furthest second that they ever played. The share is of those who had come there.
metric-completion = Completion
metric-completion-means = Completed: nine tenths of the seconds were seen. Reached the end: the furthest second is in the last 5 seconds, or the last twentieth.
metric-chapters = Chapters
metric-chapters-means = The same numbers by the chapters that the video has now.
metric-learners = By learner
metric-learners-means = Seen: share of the seconds. Watched again: seconds played beyond the first time of each. Results: mean of the first attempts at questions of this video.
metric-qoe = Quality of experience
metric-qoe-means = How fast it starts, how often it stalls, and what is shown, of the chosen period. Ratios are of sums.
metric-cohorts = Groups
metric-cohorts-means = The numbers of all learners, of those alone who are in a group. Fewer than the least number are not shown, nor whom they would be left of.
metric-compare = Comparison
metric-compare-means = This one minus the other one, with the 95 % interval of the difference where it is estimated.
metric-correlation = Correlation
metric-correlation-means = Associations of watching and results, among learners of the same item, with their ability taken away. Not causes.
metric-prediction = Prediction
metric-prediction-means = What place and length, and where it helped words and slides, say about leaving; drawn near to what was seen as learners come.
