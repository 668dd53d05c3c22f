# What stands beside the player.
panel = Transcript, slides and chapters
transcript = Transcript
slides = Slides
scenes = Scenes
chapters = Chapters
no-transcript = There is no transcript of this video.
transcript-waits = The speech is being recognized. What is said appears here as it is found.
transcript-away = The transcript could not be loaded.
slides-live = Slides appear here a few seconds after they are shown.
slides-wait = Slides are looked for when the video is rendered. They appear here then.
spoken-language = Language
follow = Follow the video
copy = Copy
copied = Copied
copy-failed = Copying is not allowed here
download-vtt = Download VTT
download-txt = Download TXT
search-inside = Search inside
search-hits = { $count ->
    [0] Nothing was found
    [one] One place was found
   *[other] { $count } places were found
 }
search-away = The search did not answer. Try again.
hits = Places that were found
kind-speech = Said
kind-slide = On a slide
kind-chapter = Chapter
go-to = Go to { $time }
topics = Topics
slide = Slide
scene = Scene
