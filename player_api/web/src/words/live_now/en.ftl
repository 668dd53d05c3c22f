# Who watches now: on the analytics of a video, and on the page of a live stream.
viewers-label = Viewers over the last quarter of an hour
viewers = Viewers
hint = Point at the curve, or move along it with the arrow keys, to read it.
loading = One moment…
now = now
minutes-ago = { $n } min ago
bin-before = { $n } min ago
bin-now = Just now
few-at = { $when }: too few viewers to be shown
at-bin = { $when }: { $viewers ->
    [one] one viewer
   *[other] { $viewers } viewers
  }, { $joined } came, { $left } left, { $stalled } of the time stalled
too-few-viewers = { $k ->
    [one] Nobody has watched in the last quarter of an hour. Who does appears here within seconds.
   *[other] Fewer than { $k } have watched in the last quarter of an hour: what they do would be nearly theirs alone, so it is not shown.
  }
too-few-now = There are too few viewers just now for their numbers to be shown.
came = Came
went = Left
five-minutes = in the last 5 minutes
stalled = Stalled
one-minute = of the last minute
latency = Behind the newest picture
within = 95 % within { $time }
seconds = { $n } s
places = Where they are
places-label = Viewers by where they are in the video
places-mean = Viewers by the place in the video that they told last.
at-place = { $from } to { $to }: { $viewers ->
    [one] one viewer
   *[other] { $viewers } viewers
  }
behind = How far behind
behind-by = Behind the newest picture
share = Share
at-the-edge = Less than { $to } s: live
between = { $from } to { $to }
more-than = { $from } and more
as-of-now = Everything that players told by { $time } is counted. They tell every ten seconds, so the last half minute still changes a little.
