# The head that all pages of one video share.
all-videos = All videos
watch = Watch page
video-pages = Pages of this video
tab-video = Video
tab-captions = Captions
tab-chapters = Chapters
tab-trim = Trim
tab-analytics = Analytics
status-waiting = Waiting
status-live = Live
status-processing = In preparation
status-ready = Ready
status-failed = Failed
private = Private
