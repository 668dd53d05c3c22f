"""Words that say nothing of what a lecture is about, by language: no phrase begins, ends or is cut with one.

Written for this project: the grammar of each language, and what lecturers say whatever they teach. Of a language
that is not here `enrich.phrases` takes the words that are said all over the video, which is half as good.
"""

from __future__ import annotations

from functools import lru_cache

_WORDS = {
    "en": """
        a about above across actually after again against ago ah all almost along already alright also although
        always am among an and another any anybody anymore anyone anything anyway are aren't around as ask asked
        asking at away back basically be became because become been before began begin behind being below besides
        best better between beyond big bit both bring but by call called came can can't cannot certain certainly
        choose clear clearly come comes coming completely could couldn't couple course day days did didn't different
        difficult do does doesn't doing don't done down during each easier easy either else end enough entire
        especially essentially etc even ever every everybody everyone everything everywhere exactly example examples
        except fact far feel few find fine first five follow following for found four from full fun further gave
        general generally get gets getting give given gives giving go goes going gone gonna good got great guess guy
        guys had hadn't half happen happened happening happens hard has hasn't have haven't having he he'd he'll he's
        hear heard hello help helpful helps hence her here here's hers herself hey hi him himself his hold how
        however huge i i'd i'll i'm i've idea ideas if imagine important in indeed inside instead interesting into is
        isn't it it'd it'll it's its itself just keep kind kinds knew know known knows large last later least leave
        left less let let's lets like likely little ll long longer look looked looking looks lot lots made main
        mainly make makes making many matter may maybe me mean meaning means meant might mind mine minute minutes
        moment more most mostly much must my myself name namely near necessarily necessary need needed needs neither
        never new next nice no nobody none nor not nothing notice now number of off often oh ok okay old on once one
        ones only onto open opposite or order other others otherwise ought our ours ourselves out outside over own
        part particular particularly past people perhaps person piece pieces place please plus point points possible
        possibly pretty previous probably problem problems properly pull put puts putting question questions quick
        quickly quite rather re ready real really reason reasons recall remember rest right run said same saw say
        saying says second see seeing seem seems seen sense several shall she she'd she'll she's should shouldn't
        show showed shown shows side similar similarly simple simpler simply since small so some somebody somehow
        someone something sometimes somewhat somewhere soon sort sorts specific specifically stand start started
        starting starts stay step still stop straight stuff such suppose supposed sure take taken takes taking talk
        talked talking tell tells ten than thank thanks that that'd that'll that's the their theirs them themselves
        then there there'd there'll there's therefore these they they'd they'll they're they've thing things think
        thinking third this those though thought thoughts three through throughout thus time times tiny to today
        together told too took top total totally toward towards tried true truly try trying turn turned turns two
        type types typical typically ultimately um under understand understanding understood unless unlike until up
        upon us use used useful uses using usual usually various ve versus very video videos via want wanted wants
        was wasn't watch watching way ways we we'd we'll we're we've welcome well went were weren't what what'd
        what'll what's whatever when when's whenever where where's wherever whether which whichever while who who's
        whoever whole whom whose why why's will wish with within without won't wonder wondering word words work
        worked working works world worth would wouldn't write writing written wrong yeah year years yes yet you you'd
        you'll you're you've your yours yourself yourselves lecture lesson chapter section uh hmm huh""",
    "de": """
        ab aber ach all alle allem allen aller alles als also am an andere anderem anderen anderer anderes ans auch
        auf aus außer außerdem bei beide beiden beim beispiel beispielsweise bereits besonders besser bin bis
        bisschen bist brauche brauchen braucht da dabei dadurch dafür dagegen daher dahin damals damit danach dann
        daran darauf daraus darf darin darum darüber das dass davon davor dazu dein deine deinem deinen deiner dem
        den denen denn dennoch der deren des deshalb dessen dich die dies diese dieselbe diesem diesen dieser dieses
        dinge dir doch dort drei du durch dürfen eben ebenfalls ebenso eigentlich ein eine einem einen einer eines
        einfach einige einigen einmal er erst erste ersten erster es etwa etwas euch euer eure fall fast finden
        findet frage für gab ganz ganze ganzen gar gegen geht gehen gemacht genau genauso genug gerade gern gesagt
        gesehen gewesen gibt ging gleich größer große großen gut gute guten habe haben habt hallo halt hast hat hatte
        hatten heißt heute hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in indem ins
        irgendwie ist ja je jede jedem jeden jeder jedes jedoch jemand jetzt kann kannst kein keine keinem keinen
        keiner klar klein kleine kleinen kommen kommt konnte können könnte könnten lang lange lassen lässt letzte
        letzten liegt machen macht mag mal man manche manchmal mehr mein meine meinem meinen meiner meist meistens
        mich mir mit möchte möchten möglich müssen muss musste na nach nachdem natürlich neben nein neue neuen nicht
        nichts nie niemand noch nun nur ob oben oder oft oh ohne okay paar richtig sache sachen sage sagen sagt
        schauen schon schön sehen sehr seht sei seid sein seine seinem seinen seiner seit selbst sich sicher sie
        sieht sind so sobald sodass sofort sogar solche solchen soll sollen sollte sollten sondern sonst stellen
        stück tatsächlich teil tun tut über überhaupt übrigens um und uns unser unsere unserem unseren unserer unten
        unter viel viele vielen vielleicht vier vom von vor vorher wann war waren warum was weg wegen weil weiß
        weiter welche welchem welchen welcher welches wenig wenige wenn wer werde werden werdet weshalb wichtig wie
        wieder wieso will willst wir wird wirklich wirst wissen wo wobei wodurch wollen worden wurde wurden würde
        würden zeigen zeigt zeit ziemlich zu zuerst zum zunächst zur zusammen zwar zwei zweite zweiten zwischen""",
    "fr": """
        à ai ainsi alors après as assez au aucun aucune aujourd'hui auquel aura aussi autour autre autres aux avaient
        avait avant avec avez avoir avons bah beaucoup ben bien bon bonjour bonne c'est ça car ce ceci cela celle
        celles celui cent cependant certain certaine certaines certains ces cet cette ceux chacun chaque chez chose
        choses ci comme comment contre d'abord d'accord d'un d'une dans de déjà depuis dernier dernière derrière des
        dessous dessus deux devant deviendra devient devrait dire dis disons dit dites doit doivent donc dont du elle
        elles en encore enfin ensemble ensuite entre est et étaient était étant été être eu eux exemple faire fais
        faisait fait faites fallait faut fois font genre grand grande grandes grands hein hier ici il ils j'ai je
        jusqu jusque juste l'on la là laquelle le lequel les lesquelles lesquels leur leurs lors lorsque lui ma
        maintenant mais mal mes met mettre mieux moi moins mon n'est ne ni non nos notre nôtre nous nouveau nouvelle
        on ont or où ou oui par parce pareil parfois parler part partie partir pas passer pendant petit petite petits
        peu peut peuvent peux plein plus plusieurs plutôt point pour pourquoi pourrait pouvez pouvoir premier
        première prendre près presque puis puisque qu'est qu'il qu'on quand que quel quelle quelles quelqu'un quelque
        quelques quels qui quoi rien s'est sa sais sans sauf savoir se sera serait ses seul seulement si sinon soit
        sommes son sont sous souvent suis sur surtout ta tant te tel telle tellement temps tes toi ton toujours tous
        tout toute toutes très trois trop trouve trouver tu un une va vais vas vers veut veux via vient voici voilà
        voir voit vont vos votre vôtre vous vrai vraiment vu y""",
    "es": """
        a acá ahí ahora al algo alguien algún alguna algunas alguno algunos allá allí además ante antes aparte aquel
        aquella aquellas aquello aquellos aquí así aun aún aunque bajo bastante bien bueno buena buenos cada casi
        caso cierta cierto claro como cómo con contra cosa cosas cual cuál cuales cualquier cuando cuándo cuanto da
        dado dan dar de debe deben debería decimos decir del demás dentro desde después dice dicen dicho digamos
        donde dónde dos durante e ejemplo el él ella ellas ello ellos embargo en entonces entre era eran es esa esas
        ese eso esos esta está están estaba estar estas este esto estos estoy fin forma fue fuera fueron gente
        gracias gran grande grandes ha haber había hace hacemos hacen hacer hacia han hasta hay haya he hecho hemos
        hola hoy igual incluso ir la las le les lo los luego lugar manera más mas mayor me mejor menor menos mi mí
        mientras mis misma mismas mismo mismos momento mucha muchas mucho muchos muy nada nadie ni ningún ninguna
        ninguno no nos nosotros nuestra nuestras nuestro nuestros nueva nuevo nunca o os otra otras otro otros para
        parece parte pasa pasar pero poco podemos poder podría porque primer primera primero pueda puede pueden pues
        puesto punto que qué quedar queremos quien quién quiere quiero sabe sabemos saber se sea según segunda
        segundo ser será si sí sido siempre siendo sin sino sobre solamente solo sólo somos son su sus suele tal
        también tampoco tan tanto te tener tenemos tengo tenía tiempo tiene tienen tipo toda todas todavía todo todos
        tras tres tú tu tus un una unas uno unos usted ustedes va vale vamos van varias varios veces ver vez vista
        voy y ya yo""",
    "it": """
        a abbastanza abbia abbiamo ad adesso ai al alcun alcuna alcune alcuni alla alle allo allora almeno altra
        altre altri altro anche ancora anzi appena appunto avanti avere aveva avete basta bene c'è certa certo che
        chi ci ciò circa ciascuno coi col come comunque con contro cosa cose così cui da dai dal dalla dalle dallo
        davanti davvero degli dei del della delle dello dentro deve devo devono di dice dico diciamo dire dietro
        diverse diversi diverso dopo dove due dunque durante e è ecco ed egli ella era erano esempio essa esse essere
        essi fa faccio facciamo fanno far fare fatto fin fino forse fra fu fuori gente gli grande grandi grazie ha
        hai hanno ho i il in infatti infine insieme insomma intanto invece io l'altro la là lavoro le lei li lo loro
        lui ma maggior mai meglio meno mentre mi mia mie mio modo molta molte molti molto momento ne né negli nei nel
        nella nelle nello nessun nessuna nessuno niente no noi non nostra nostre nostri nostro nulla nuova nuovo o od
        oggi ogni ognuno oppure ora ormai parte per perché perciò però persone più piuttosto po poca pochi poco poi
        posso possiamo possono presso prima primo proprio può punto qua qual qualche qualcosa qualcuno quale quali
        quando quanti quanto quasi quel quella quelle quelli quello questa queste questi questo qui quindi sa sarà
        sarebbe se sé secondo sei sembra sempre senza si sì sia siamo siccome siete simile solo sono sopra
        soprattutto sotto spesso sta stata state stati stato stesso stessa su sua sue sugli sui sul sulla sulle suo
        suoi tale tali tanta tanti tanto te ti tipo tra tre troppo tu tutta tutte tutti tutto ultimo un un'altra una
        uno va vai vale vedere vediamo verso vi via viene voi volta volte vostra vostro vuole""",
    "pt": """
        a à agora ah aí ainda além algo alguém algum alguma algumas alguns ali ambos antes ao aos apenas aquela
        aquelas aquele aqueles aqui aquilo as às assim até através bastante bem boa bom cada caso cerca certa certo
        coisa coisas com como contra da dá dado daquele daqui das de dela dele deles demais dentro depois desde dessa
        desse desta deste deve devem deveria diante disse disso disto diz dizer do dois dos durante e é ela elas ele
        eles em embora enquanto então entre era eram essa essas esse esses esta está estamos estão estar estas estava
        este estes estou eu exemplo faz fazem fazer fez fica ficar foi for fora foram forma gente geral grande
        grandes há havia hoje ia ir isso isto já lá lado lhe lhes logo lugar maior mais mas me meio melhor menos
        mesma mesmas mesmo mesmos meu meus minha minhas momento muita muitas muito muitos na nada não nas nem nenhum
        nenhuma nessa nesse nesta neste ninguém no nos nós nossa nossas nosso nossos nova novo num numa nunca o
        obrigado oi olá onde ontem ora os ou outra outras outro outros para parece parte pela pelas pelo pelos
        pequena pequeno per perto pode podem podemos poder pois ponto por porém porque posso pouca pouco poucos
        primeira primeiro pra precisa próprio próxima próximo quais qual qualquer quando quanto quase que quê quem
        quer quero saber se seja sem sempre sendo ser será seria seu seus si sido sim só sob sobre somente somos sou
        sua suas tal talvez também tanta tanto tão te tem têm temos tempo tenha tenho ter teve tinha tipo toda todas
        todavia todo todos três tu tua tudo um uma umas uns vai vamos vão várias vários vez vezes você vocês vou""",
    "nl": """
        aan achter af al alle alleen alles als alsof altijd ander andere anders ben beetje best beter bij bijna
        bijvoorbeeld binnen boven daar daarna daarom dan dat de deel denk deze die dingen dit doe doen doet door dus
        echt een eens eerst eerste eigenlijk elk elke en enkele er ergens erg even gaan gaat gedaan geen gegeven
        gehad geven gewoon goed goede graag groot grote haar had hadden heb hebben hebt heeft heel hele hem hen het
        hetzelfde hier hij hoe hoeveel hun iedere iedereen iemand iets ik in inderdaad is ja je jij jou jouw juist
        jullie kan kant keer kijken klein kleine komen komt krijgen krijgt kun kunnen laat laatste laten later liggen
        ligt maar maak maakt maken man manier me meer mee meest men met mij mijn minder misschien moet moeten
        mogelijk naar naast natuurlijk nee net niemand niet niets nieuwe nodig nog nooit nou nu of om omdat onder
        ongeveer ons onze ook op open over paar precies s samen soms steeds stuk te tegen terug terwijl toch toe toen
        tot tussen twee tweede u uit uw van vaak vanaf veel verder vier volgende voor vooral voordat vraag waar
        waarom wanneer want waren was wat we weer weet wel welke werd weten wie wij wil willen word worden wordt zal
        ze zeer zeg zeggen zegt zei zelf zelfs zich zie zien ziet zij zijn zo zoals zodat zonder zou zouden zullen""",
    "ru": """
        а без более больше будем будет буду будут бы был была были было быть в вам вами вас ваш вдруг ведь весь
        вместе вообще вот впрочем все всегда всего всей всем всех всю всё вы где говорить говорят год да давайте даже
        два две для до должен должна должно должны другая другие другого другой других его ее ей ему если есть еще
        ещё её же за зачем здесь знаем значит и из или им именно иногда их к каждая каждый как какая какие какой
        какую когда конечно которая которого которое которой котором которую которые который которых кто куда ли лишь
        лучше между меня мне много может можно можем мой мочь моя мы на навсегда над надо наконец нам нами например
        нас наш наша наше наши не него нее ней нельзя нет нету неё ни нибудь никогда ним них ничего но новый ну нужно
        о об один одна однако одни одно одного одной он она они оно опять от очень первый перед по под пожалуйста
        пока понятно потом потому почему почти правда при про просто прямо пусть раз разве с сам сама сами самое
        самый свое своего своей свои свой свою сделать себе себя сегодня сейчас скажем сказать слово смотрите снова
        собственно со совсем спасибо соответственно так такая также такие такого такое такой там твой тебе тебя тем
        теперь тех то тогда того тоже той только том тот три тут ты у уж уже хорошо хотя чего чей чем через что чтоб
        чтобы чуть эта эти этим этих это этого этой этом этому этот эту я является""",
    "pl": """
        a aby ale albo ani aż bardziej bardzo bez bo bowiem by być był była było były będzie będą cały chce chcemy
        chyba ci cię co czy czyli często dalej dla do dobra dobrze drugi dwa dwie dzięki dziś gdy gdyż gdzie go i ich
        ile im inne inny innych ja jak jaka jaki jakie jako je jeden jedna jednak jedno jego jej jemu jest jesteśmy
        jestem jeszcze jeśli jeżeli już każda każdy każde kiedy kilka kto która które którego której który których
        którym ku lub ma mają mamy mam mi między mnie może możemy można mój musi musimy my na nad nam nami nas nasz
        nasza nasze natomiast nawet nic nich nie niech niego niej nim niż no nowy o od oczywiście ona one oni ono
        oraz pan po pod ponieważ potem powiedzieć powinien prawda prostu przed przede przez przy przykład raz rzecz
        rzeczy się są sam sobie sposób swoje swój ta tak taka taki takie także tam te tego tej temu ten teraz też to
        tobie trochę trzeba trzy tu tutaj twój ty tych tylko tym u w wam was wasz we wiemy więc właśnie wszystkich
        wszystkie wszystko widać widzimy wtedy z za zatem zawsze ze znaczy znowu zobaczmy że żeby""",
    "sv": """
        all alla allt alltså andra annan annat att av bara bland bli blir bra både de del dem den denna deras dess
        dessa det detta dig din där då efter eftersom egentligen eller en enligt er ett exempel faktiskt fick fler
        fram från får för först första ganska genom ger ge gick gjorde gör göra gå går ha hade han hans har hela
        heller hennes hur här hon i ibland in inga ingen inget innan inte ja jag ju just kan kanske kom komma kommer
        kunde kunna liksom lite litet man med mellan men mer mest mig min mina mitt mot mycket måste många ni nog nu
        ny nya när något någon några nästa och också olika om oss på redan rätt samma sedan ser se siffra sig sin
        sina sitt själv ska skulle som sätt säga säger så sådan tack till titta två tänka tycker under upp ut utan
        vad var vara varför varje varit vet vi vid vilka vilken vilket vill väl väldigt vår våra än ännu är även åt
        över""",
    # Signs, not words: no phrase has one of them in it.
    "zh": """
        的 了 是 在 我 你 他 她 它 们 这 那 个 一 不 就 也 都 和 有 说 要 会 可 以 吧 吗 呢 啊 很 来
        去 到 把 被 让 给 对 从 因 为 所 如 果 但 还 没 么 什 怎 样 這 個 們 說 會 嗎 對 從 為 還 沒
        麼 樣 來 讓 給 后 後 前 着 著 过 過 得 地 又 再 上 下 里 裡 中 大 小 多 少 些 其 之 与 與 或
        而 且 则 則 只 能 好 看 想 做 叫 等 第 二 三 两 兩 时 時 候 现 現 然""",
}


@lru_cache(maxsize=64)  # whoever asks what a question's language may be asks for all of them
def stop_words(language: str | None) -> frozenset[str]:
    """Those of a language (BCP 47); of one that is not known none."""
    return frozenset(_WORDS.get((language or "").partition("-")[0].lower(), "").split())
