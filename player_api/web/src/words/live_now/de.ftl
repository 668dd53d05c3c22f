viewers-label = Zuschauende in der letzten Viertelstunde
viewers = Zuschauende
hint = Zeigen Sie auf die Kurve, oder gehen Sie mit den Pfeiltasten an ihr entlang, um sie abzulesen.
loading = Einen Moment …
now = jetzt
minutes-ago = vor { $n } min
bin-before = Vor { $n } min
bin-now = Gerade eben
few-at = { $when }: zu wenige, um gezeigt zu werden
at-bin = { $when }: { $viewers ->
    [one] eine Person
   *[other] { $viewers } Personen
  }, { $joined } gekommen, { $left } gegangen, { $stalled } der Zeit gestockt
too-few-viewers = { $k ->
    [one] In der letzten Viertelstunde hat niemand zugesehen. Wer es tut, erscheint hier nach wenigen Sekunden.
   *[other] Weniger als { $k } haben in der letzten Viertelstunde zugesehen: Was sie tun, wäre fast nur von ihnen, daher wird es nicht gezeigt.
  }
too-few-now = Gerade sehen zu wenige zu, als dass ihre Zahlen gezeigt würden.
came = Gekommen
went = Gegangen
five-minutes = in den letzten 5 Minuten
stalled = Gestockt
one-minute = der letzten Minute
latency = Hinter dem neuesten Bild
within = 95 % innerhalb von { $time }
seconds = { $n } s
places = Wo sie sind
places-label = Zuschauende nach der Stelle im Video
places-mean = Zuschauende nach der Stelle im Video, die zuletzt gemeldet wurde.
at-place = { $from } bis { $to }: { $viewers ->
    [one] eine Person
   *[other] { $viewers } Personen
  }
behind = Wie weit zurück
behind-by = Hinter dem neuesten Bild
share = Anteil
at-the-edge = Weniger als { $to } s: live
between = { $from } bis { $to }
more-than = { $from } und mehr
as-of-now = Alles, was Player bis { $time } gemeldet haben, ist gezählt. Sie melden sich alle zehn Sekunden, die letzte halbe Minute ändert sich also noch ein wenig.
