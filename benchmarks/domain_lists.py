"""Words of each domain, chosen by hand: no set of questions has the arts or geography for its subject, and pages speak
of the others in other words than exams do."""

LISTS: dict[str, list[str]] = {name: words.split() for name, words in {
    "stem": """
        acid algorithm animal animals atom atomic atoms bacteria biology bird birds carbon cell cells charge
        chemical chemistry circuit compound computer data density dna electric electron electrons element
        elements energy engineering equation evolution experiment experiments feathers fish force formula
        frequency galaxy gas gene genes gravity heat hydrogen insect insects isotopes laser light magnetic
        mammal mammals mass mathematics matter measured metal metals microscope molecule molecules moon motion
        neutron neutrons nucleus observed orbit oxygen particle particles photon physics planet planets plants
        proton protons quantity quantum radiation reptile reptiles science scientific scientist scientists
        software species speed star stars substance substances sun technology telescope temperature theorem unit
        units velocity voltage wave""",
    "history": """
        abbey ancient archaeologists armies army battle battles bronze castle castles centuries century charter
        charters colonial conquest crown crowned dynasty emperor emperors empire empires excavation fort
        fortress forts fought frontier guild guilds historian historians independence invaded invented invention
        inventions inventor king kingdom kings knights legion medieval monarch monks nobles peasants pharaoh
        queen rebellion reformation reign reigned renaissance revolution roman romans ruled ruler siege soldiers
        throne treaty viking war wars""",
    "law": """
        accused act acts amendment appeal appeals arrest attorney bail clause clerk code constitution
        constitutional contract contracts copyright court courts crime crimes criminal damages defendant
        dismissal evidence fine fines guilty hearing illegal judge judges jurisdiction jury justice law lawful
        laws lawsuit lawyer lawyers legal legislation legislature liability litigation magistrate notice oath
        offence offender offense parties patent plaintiff police precedent prosecution prosecutor punishment
        regulation sentence sheriff statute statutes sued supreme tenant theft tort trial tribunal verdict
        witness witnesses""",
    "economics": """
        bank banks budget business buyers capital coin coins commodity consumer consumers corporation cost costs
        credit currencies currency customers debt deficit demand economic economics economist economists economy
        employment exchange export exports factory finance financial firms fund goods growth income industry
        inflation insurance interest investment investors labor labour loan loans market markets merchants
        minted monetary money monopoly pay payment price prices produce product production profit profits
        purchase revenue sell sells sold stock supply tariff tax taxes trade traded traders unemployment wage
        wages wealth workers""",
    "geography": """
        area bay border cape capital city climate coast coastal continent continents countries country delta
        desert east eastern elevation equator estuary ferry glacier gulf harbor harbour harbours hill hills
        inland island islands isthmus kilometres lake lakes land landscape latitude longitude map maps metres
        monsoon mountain mountains mouth north northern ocean peak peaks peninsula plain plateau population
        province rainfall reef region river rivers sea shore south southern square strait summit surface tide
        town towns valley valleys village volcano west western""",
    "philosophy": """
        aesthetics argued argument arguments aristotle being belief beliefs concept conscience consciousness
        debate debates descartes dialogue doctrine duty epistemology essay essays ethical ethics existence
        existential free happiness hegel hume idea ideas kant knowledge logic logical meaning metaphysics mind
        moral morality nature nietzsche objection philosopher philosophers philosophical philosophy plato
        premise premises principle rational reality reason reasoning rhetoric scepticism school socrates soul
        stoic stoics theory thinker thinkers thought treatise truth utilitarian virtue virtues""",
    "health": """
        blood body bone bones brain calories cancer care clinic clinical clinics deficiency diet dietary disease
        diseases doctor doctors dose drug drugs exercise fever food gland glands health healthy heart hormone
        hospital hospitals illness immune infection insulin kidney liver lungs medical medicine mental muscle
        muscles nurse nurses nutrition obesity operation pain patient patients pharmacy physician physicians
        pregnancy protein scurvy skin sleep stomach surgeon surgeons surgery symptom symptoms therapy tissue
        treatment vaccine virus vitamin vitamins walking weight""",
    "arts": """
        actor actors album architecture art artist artists audience ballet bass brass canvas cello choir cinema
        colour composed composer composers concert concerts dance drama drum drums exhibition festival festivals
        film films flute gallery guitar instrument instruments literature melody movie museum music musical
        musician musicians novel novels opera orchestra paint painted painter painters painting paintings
        performance piano play played plays poem poet poetry poets portrait sculptor sculpture singer sings song
        songs stage strings symphony tapestries tapestry theater theatre theatres trumpet violin weavers
        woodwind woven""",
}.items()}
