# The library and its uploads.
videos = Videos
upload = Upload
upload-videos = Upload videos
drop-anywhere = Or drop files anywhere on this page, as many as you like. A video plays as soon as it is here.
drop-here = Drop the files to upload them
empty = No videos yet
empty-what = Upload a recording: it plays as soon as its last byte is here, and captions, chapters and slides come by themselves.
none-found = No video is like that.
show-all = Show all
show-more = Show more
search-titles = Search titles
status = Status
any-status = All
status-waiting = Waiting
status-live = Live
status-processing = In preparation
status-ready = Ready
status-failed = Failed
sort = Order
sort-newest = Newest first
sort-oldest = Oldest first
sort-changed = Last changed
sort-title = Title
only-tag = Only videos tagged { $tag }
drop-tag = Stop filtering by { $tag }
prepared = Prepared of
plays-already = { $part }; it plays already
not-yet = { $part }; it does not play yet

uploads = Uploads
uploads-done = { $all ->
    [one] { $done } of { $all } file uploaded
   *[other] { $done } of { $all } files uploaded
}
pause = Pause
continue = Continue
take-off = Take off the list
watch-it = Watch it
to-video = Details
uploaded = Uploaded. It plays from now on, while it is being prepared.
refused = Not taken.
upload-waits = { $all } MB, waits for its turn
upload-amount = { $sent } of { $all } MB ({ $part })
upload-paused = paused
upload-checked = is being looked at …
upload-unreachable = The server can't be reached. Continue goes on where the upload stopped.
pace = { $megabytes } MB/s
seconds-left = { $seconds } s left
minutes-left = { $minutes } min left
