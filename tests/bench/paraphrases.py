"""Passages as lecturers say them, and questions about them that avoid their words. Written by hand, before any was tried.

Neighbours are about the same subject, so that the subject alone does not tell which one is meant.
"""

from __future__ import annotations

PASSAGES: list[tuple[str, list[str]]] = [
    # Biology
    ("A leaf catches sunlight in its chlorophyll and with that energy builds sugar out of water and carbon dioxide. "
     "Oxygen is what is left over.",
     ["how do plants make their own food", "what gives vegetation its nourishment"]),
    ("Mitochondria burn glucose and store what that yields in a molecule called ATP, which every part of the cell can "
     "spend.",
     ["where do living things get power for their bodies", "the engine room inside of an organism"]),
    ("During mitosis the chromosomes are copied, line up in the middle, and are pulled apart, so that each daughter "
     "has the full set.",
     ["how does one cell become two", "splitting of the nucleus step by step"]),
    ("White blood cells learn to recognise an invader. When it returns years later, antibodies against it are made in "
     "a day.",
     ["why do we not get measles twice", "how does the body remember a disease"]),
    ("Those finches with a beak that suits the seeds of their island raise more young, and after many generations "
     "nearly all of them look like that.",
     ["why do species change over time", "survival of the fittest"]),
    ("The heart has four chambers. The right side sends blood to the lungs, the left side sends it around the whole "
     "body.",
     ["which organ pumps and how is it built", "cardiac anatomy"]),
    # Physics
    ("A body on which nothing pulls or pushes keeps its speed and its direction for ever. It is friction that stops a "
     "cart.",
     ["why do moving objects come to rest", "what happens to a thing left alone in empty space"]),
    ("Heat never flows by itself from cold to warm. In everything that happens, disorder in the universe grows.",
     ["why can you not unscramble an egg", "the arrow of time"]),
    ("When an ambulance comes towards you the siren sounds higher, and as it drives off, lower, because the waves are "
     "squeezed and then stretched.",
     ["pitch of an approaching vehicle", "shift in frequency due to motion"]),
    ("A current through a coil makes it a magnet; and if you move a magnet inside a coil, a voltage appears at its "
     "ends.",
     ["how is electricity generated from movement", "principle of a dynamo"]),
    ("White light that enters a glass prism is bent, blue more than red, and leaves it as a band of colours.",
     ["how does a rainbow come about", "separating light into its components"]),
    ("Clocks that fly past us go slow, and rods that fly past us are short, though nobody who travels with them "
     "notices.",
     ["does time pass at different rates", "consequences of travelling near the limit set by Einstein"]),
    # Computing
    ("You look at the middle entry. If what you seek is smaller, you throw the upper half away, and look at the middle "
     "of what is left.",
     ["fast lookup in a sorted list", "divide and conquer for finding an item"]),
    ("From the key we compute a number, and that number is the slot in the array. Two keys that get the same slot are "
     "chained.",
     ["how does a dictionary find things so quickly", "dealing with collisions"]),
    ("A function that calls itself needs a case in which it does not, or else the stack overflows.",
     ["when does a program never stop calling", "self-reference in code"]),
    ("Two threads both read the balance, both add ten, and both write it back. One of the tens is lost. So we take a "
     "lock.",
     ["problems when several things run at once", "why is access to shared data dangerous"]),
    ("Everybody may know the public key and encrypt with it. Only who has the private one can read what was sent.",
     ["sending secrets without meeting before", "how do browsers protect what I type"]),
    ("Each router looks only at the address on the packet and passes it on to a neighbour that is nearer to the goal.",
     ["how does a message find its way through the internet", "delivery of data across networks"]),
    # Machine learning
    ("We start anywhere on the hill and always take a small step downhill, until the ground is flat. The size of the "
     "step is up to you.",
     ["how does a model learn its parameters", "minimising a loss bit by bit"]),
    ("It had all the answers of the exercises by heart and failed the exam, since it had learned the noise and not the "
     "rule.",
     ["good on training data but bad on new examples", "what is overfitting"]),
    ("A small window slides over the picture, and wherever it finds an edge of its own kind the output lights up.",
     ["how do computers recognise images", "convolution explained"]),
    ("Words that stand in the same company are given vectors that point the same way, so king minus man plus woman is "
     "near queen.",
     ["representing language as numbers", "semantic similarity of terms"]),
    ("The agent tries something, gets a reward or does not, and next time is a little more likely to do what paid off.",
     ["learning by trial and error", "how was a machine taught to play games"]),
    # Mathematics and statistics
    ("The derivative tells how steep a curve is at one point: what the slope of the line through two points becomes "
     "when they move together.",
     ["instantaneous rate of change", "measuring speed at a single moment"]),
    ("We cut the area under the curve into thin strips, add them up, and let them become thinner and thinner.",
     ["how big is a region with a curved border", "summing infinitely many tiny pieces"]),
    ("A prime has no divisors but one and itself. Suppose there were a last one: multiply all of them and add one.",
     ["do certain numbers go on without end", "proof that they never run out"]),
    ("Ice cream and drowning rise together. Neither brings about the other; it is summer that brings both.",
     ["correlation does not imply causation", "misleading connections in data"]),
    ("The more people we ask, the narrower is the interval in which the true share of voters lies with 95 percent "
     "confidence.",
     ["how reliable is a survey", "effect of sample size"]),
    ("A positive test for a rare illness is most often a false alarm, because there are so many healthy people to be "
     "wrong about.",
     ["should I worry about my medical result", "base rate fallacy"]),
    ("A matrix turns and stretches space. Some arrows keep their direction and only grow or shrink.",
     ["eigenvectors", "which directions remain unchanged by a transformation"]),
    # Economics
    ("When the price of bread rises, people buy less of it and bakers bake more, until the two meet.",
     ["what determines how expensive goods are", "market equilibrium"]),
    ("The central bank lends at a higher rate, so loans get dear, firms invest less, and prices rise more slowly.",
     ["fighting inflation", "who controls the cost of borrowing"]),
    ("Each herdsman gains by adding a cow, and all of them together ruin the meadow.",
     ["overuse of shared resources", "tragedy of the commons"]),
    ("Portugal is better at both cloth and wine, and still both countries gain when each makes what it is relatively "
     "best at.",
     ["benefits of international trade", "comparative advantage"]),
    ("If you earn more, the part above the threshold is charged at a higher percentage, but not the part below.",
     ["how does progressive taxation work", "does a raise leave me with less money"]),
    # History
    ("In 1789 bread was dear, the treasury was empty, and the third estate would no longer be outvoted by nobles and "
     "clergy.",
     ["causes of the french revolution", "why did the common folk rise against the king"]),
    ("Gutenberg cast single letters in metal. A book that had taken a scribe a year could now be had in a week.",
     ["invention of printing", "how did reading become affordable"]),
    ("Rats came by ship with their fleas, and in four years a third of Europe was dead.",
     ["the black death", "spread of a medieval epidemic"]),
    ("Peasants left their fields for mills driven by steam, and towns grew faster than their sewers.",
     ["the industrial revolution", "how did factories change where people lived"]),
    ("The wall that had cut the city in two was opened one night by a spokesman who had read his note wrongly.",
     ["end of the divided Germany", "fall of the iron curtain"]),
    # Earth
    ("The plates of the crust drift as fast as nails grow. Where they grind past each other, stress builds up and is "
     "let go in a jolt.",
     ["why do earthquakes happen", "movement of continents"]),
    ("Water rises from the sea as vapour, cools, becomes cloud, falls as rain, and runs back down the rivers.",
     ["the hydrological cycle", "where does precipitation come from"]),
    ("Carbon dioxide lets sunlight in and keeps warmth from getting out, like the panes over a bed of tomatoes.",
     ["what is global warming", "greenhouse effect"]),
    ("The moon pulls at the near side of the ocean more than at the far side, so there are two bulges, and the earth "
     "turns beneath them.",
     ["why does the sea come and go twice a day", "high and low tide"]),
    ("It is the tilt of the axis, not the distance to the sun, that makes July warm in the north and cold in the "
     "south.",
     ["reason for the seasons", "why is winter cold"]),
    # Mind and language
    ("A dog that heard a bell before each meal came to drool at the bell alone.",
     ["classical conditioning", "how are reflexes learned"]),
    ("We keep about seven things in mind at once. What is not rehearsed is gone after half a minute.",
     ["limits of short-term memory", "why do I forget a phone number immediately"]),
    ("Children say goed and mouses, which nobody ever said to them: so they have not imitated but found a rule.",
     ["how do infants acquire grammar", "language is not mere repetition"]),
    ("Whoever believes a thing looks for what speaks for it and passes over what speaks against it.",
     ["confirmation bias", "why are people so hard to convince"]),
    ("The placebo had nothing in it, and still every third patient felt better.",
     ["healing by expectation", "do sugar pills work"]),
]
