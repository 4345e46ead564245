using System.Collections.Frozen;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Words that tell what a name names. Written for this program: common given names, countries, large cities and widely known organisations,
/// enough to decide what grammar leaves open. A name that is in no list is still found; only its kind may be <c>other</c>.
/// </summary>
internal static class EntityCues
{
    /// <summary>Words that are written with a capital for their place in a sentence or as a form of address, not because they name something.</summary>
    private static readonly FrozenSet<string> Common = Set(
        "a an the this that these those my your his her its our their i you he she it we they me him us them mine yours who whom whose which what when where why how there here " +
        "and or but nor so yet if unless because since while although though as than then also too just only even still already again ever never always often sometimes usually maybe perhaps " +
        "probably possibly definitely certainly actually basically honestly seriously really very quite pretty totally absolutely exactly recently lately finally eventually suddenly luckily " +
        "unfortunately hopefully anyway besides however therefore meanwhile otherwise instead first second third next last once after before during until till by in on at to from of for with " +
        "without about above below under over into onto through across between among against within along around behind beside beyond near off out up down is are was were be been being am do does " +
        "did done doing have has had having will would shall should can could may might must ought let lets let's get got getting go going gone went come came coming see saw seen look looking " +
        "looks make made making take took taking give gave know knew think thought feel felt feeling say said says tell told ask asked want wanted need needed like liked love loved hate hope hoping " +
        "wish try tried trying use used work working worked call called keep kept start started stop stopped remember remind forget meet met show play read write run buy bought send sent put set " +
        "yes no yeah yep yup nope nah ok okay sure right well oh ah aw aww hey hi hello howdy bye goodbye wow whoa haha hahaha lol omg hmm um uh oops yay yum ouch thanks thank please sorry congrats congratulations " +
        "welcome cheers great good nice cool awesome amazing wonderful fantastic excellent perfect lovely beautiful cute sweet sounds sound glad happy excited proud sad bad best better worse worst " +
        "interesting funny true false not none nothing something anything everything someone anyone everyone nobody everybody somebody all any some each every both either neither most many much " +
        "more less few several other another such same own new old big small little long short high low young early late one two three four five six seven eight nine ten " +
        "people person man woman men women boy girl kid kids child children friend friends family life time day week month year today tomorrow yesterday tonight morning afternoon evening night " +
        "mom mum dad mommy daddy mother father grandma grandpa grandmother grandfather granny aunt uncle sister brother son daughter wife husband dude guys guy man ma'am sir miss " +
        "note notes warning error todo reminder summary question answer update subject date re ps fyi tip example step steps task tasks goal goals " +
        "absolutely agreed amazing cannot can't don't dont doesn't didn't im i'm ive it's its that's what's speaking talking plus way thing things stuff lot lots kind sort part anyway gosh wait check checking " +
        "running walking reading writing eating cooking playing painting swimming hiking camping being having doing seeing hearing spending taking making giving helping sharing learning found find finding helped guess bet " +
        "keeping staying living losing winning turns depends congrats good-bye lately sadly nowadays nice-to-meet mhm mmm ugh phew aha whatever whenever wherever whoever meeting meetings email phone address " +
        "photo picture image video shared shows deploy deployed build fixed fix add added remove removed");

    private static readonly FrozenSet<string> Names = Set(
        "aaron abby abigail adam adrian ahmed aisha alan albert alex alexander alexandra alice alicia allison amanda amber amelia amy ana andre andrea andrew andy angela anita ann anna anne annie anthony antonio " +
        "ariana arthur ashley audrey aurora ava barbara beatrice becky bella ben benjamin bernard beth betty bill billy bob bobby brad brandon brenda brian bridget bruce bryan calvin cameron camila carl carla carlos " +
        "carmen carol caroline catherine cathy cecilia charles charlie charlotte chen chloe chris christian christina christine christopher cindy claire clara colin connor craig cynthia daisy dan daniel daniela danny dave " +
        "david deborah debra denise dennis derek diana diane diego dominic don donald donna dorothy doug douglas dylan edward eileen elaine eleanor elena eli elijah elizabeth ella ellen ellie emily emma eric erica erik erin ethan " +
        "eva evan evelyn fatima felix fiona frances frank fred freddie gabriel gary george gerald gina giulia glen gloria grace graham greg gregory hannah hans harold harry hassan hazel heather hector helen henrik henry holly howard hugo " +
        "ian ibrahim ingrid irene iris isaac isabel isabella ivan jack jackie jackson jacob jake james jamie jan jane janet janice jasmine jason jay jean jeff jeffrey jennifer jenny jeremy jerry jesse jessica jill jim jimmy " +
        "joan joanna joe joel johan john johnny jon jonathan jordan jose joseph josh joshua joyce juan judith judy julia julian julie jun justin karen karl kate katherine kathleen kathy katie keith kelly kelsey ken kenneth kevin kim kyle " +
        "lars laura lauren lawrence leah lena leo leon leonard lily linda lisa liz lorenzo louis louise lucas lucia lucy luis luke luna lynn maggie malik marcus margaret maria marie marilyn mario mark martha martin marty mary mason matt " +
        "matthew maya megan mei mel melanie melissa mia michael michelle miguel mike mila mohamed mohammed molly monica muhammad nadia nancy naomi natalie natasha nate nathan neil nicholas nick nicole nina noah nora norma oliver olivia omar " +
        "oscar owen pablo pamela patricia patrick paul paula pedro peggy peter phil philip phoebe phyllis priya rachel ralph raj ramon ravi ray raymond rebecca rene ricardo richard rick rita rob robert roberta robin rodney roger ron ronald " +
        "rosa rose roy russell ruth ryan sally sam samantha samuel sandra sara sarah scott sean sebastian sergio shannon sharon shawn sheila shirley simon sofia sonia sophia sophie stacy stan stella stephanie stephen steve steven stuart sue susan " +
        "suzanne svetlana sylvia tamara tanya tara ted teresa terry theo theresa thomas tiffany tim timothy tina todd tom tommy tony tracy travis tyler ursula valentina valerie vanessa vera veronica victor victoria vincent virginia vivian " +
        "walter wanda wayne wendy wei will william willow xavier yasmin yuki yusuf zach zachary zoe");

    private static readonly FrozenSet<string> Places = Set(
        "afghanistan albania algeria argentina armenia australia austria azerbaijan bangladesh belarus belgium bolivia bosnia brazil bulgaria cambodia cameroon canada chile china colombia croatia cuba cyprus czechia denmark ecuador egypt england " +
        "estonia ethiopia finland france georgia germany ghana greece greenland guatemala haiti honduras hungary iceland india indonesia iran iraq ireland israel italy jamaica japan jordan kazakhstan kenya korea kuwait laos latvia lebanon libya " +
        "lithuania luxembourg madagascar malaysia mali malta mexico moldova mongolia morocco mozambique myanmar namibia nepal netherlands nicaragua niger nigeria norway oman pakistan panama paraguay peru philippines poland portugal qatar romania " +
        "russia rwanda scotland senegal serbia singapore slovakia slovenia somalia spain sudan sweden switzerland syria taiwan tanzania thailand tunisia turkey uganda ukraine uruguay uzbekistan venezuela vietnam wales yemen zambia zimbabwe " +
        "europe africa asia america antarctica oceania usa uk u.s. u.k. u.s.a. alaska arizona arkansas california colorado connecticut delaware florida hawaii idaho illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan " +
        "minnesota mississippi missouri montana nebraska nevada ohio oklahoma oregon pennsylvania tennessee texas utah vermont wisconsin wyoming ontario quebec bavaria catalonia tuscany provence scandinavia bali crete sicily " +
        "amsterdam ankara antwerp athens atlanta auckland austin baghdad baltimore bangalore bangkok barcelona basel beijing beirut belfast belgrade bergen berlin bern birmingham bogota bologna bordeaux boston bratislava brisbane bristol brooklyn " +
        "brussels bucharest budapest cairo calgary cambridge canberra casablanca chennai chicago cincinnati cleveland cologne copenhagen dakar dallas damascus delhi denver detroit dhaka dresden dubai dublin dusseldorf edinburgh florence frankfurt " +
        "geneva genoa ghent glasgow gothenburg graz hamburg hanoi havana helsinki honolulu houston istanbul jakarta jerusalem johannesburg kabul karachi kathmandu kiev krakow kyiv kyoto lagos lahore leeds leipzig lima lisbon liverpool ljubljana london " +
        "lyon madrid malaga manchester manhattan manila marseille melbourne memphis miami milan minneapolis minsk montreal moscow mumbai munich nairobi naples nashville odessa orlando osaka oslo ottawa oxford paris perth philadelphia phoenix " +
        "pittsburgh porto portland prague pune reykjavik riga rome rotterdam salzburg santiago sapporo sarajevo seattle seoul seville shanghai shenzhen stavanger stockholm strasbourg stuttgart sydney taipei tallinn tampa tbilisi tehran tokyo " +
        "toronto toulouse trondheim tunis turin utrecht valencia vancouver venice vienna vilnius warsaw wellington winnipeg zagreb zurich");

    /// <summary>Places of several words.</summary>
    private static readonly FrozenSet<string> LongPlaces = new[]
    {
        "new york", "new york city", "new zealand", "new jersey", "new mexico", "new orleans", "new delhi", "new hampshire", "los angeles", "san francisco", "san diego", "san jose", "las vegas", "salt lake city", "kansas city",
        "hong kong", "united states", "united kingdom", "united arab emirates", "south africa", "south korea", "north korea", "saudi arabia", "sri lanka", "costa rica", "puerto rico", "el salvador", "dominican republic", "czech republic",
        "north carolina", "south carolina", "north dakota", "south dakota", "west virginia", "rhode island", "british columbia", "cape town", "tel aviv", "buenos aires", "rio de janeiro", "sao paulo", "mexico city", "kuala lumpur",
        "ho chi minh city", "st. petersburg", "the hague", "silicon valley", "latin america", "south america", "north america", "middle east", "northern ireland", "washington dc", "washington d.c.",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Organisations = Set(
        "google microsoft apple amazon facebook meta netflix nasa ibm intel nvidia oracle tesla toyota volkswagen bmw siemens bosch sap samsung sony nintendo openai anthropic spotify uber airbnb twitter linkedin youtube github gitlab ikea nike " +
        "adidas starbucks mcdonald's walmart unesco unicef nato fbi cia nhs bbc cnn mit ucla harvard stanford yale princeton greenpeace equinor telenor ericsson nokia accenture deloitte kpmg pwc mozilla wikipedia reddit slack stripe");

    private static readonly FrozenSet<string> OrganisationEnds = Set(
        "inc inc. ltd ltd. llc gmbh ag corp corp. corporation company co. co university college school academy institute hospital clinic bank foundation association society agency ministry department church council committee union " +
        "club team group labs lab laboratories laboratory studio studios press partners consulting solutions technologies systems software museum library orchestra league federation party shelter gallery");

    private static readonly FrozenSet<string> OrganisationStarts = Set("university bank ministry department institute college church museum");

    private static readonly FrozenSet<string> PlaceEnds = Set(
        "city town village street st avenue ave ave. road rd lane boulevard park river lake mountain mountains hills beach island islands bay valley county square airport station harbour harbor bridge forest desert canyon falls coast peninsula sea ocean creek district");

    private static readonly FrozenSet<string> PlaceStarts = Set("lake mount mt mt. port fort cape san santa saint los las el isle gulf");

    private static readonly FrozenSet<string> Honorifics = Set("mr mr. mrs mrs. ms ms. dr dr. prof prof. professor doctor sir dame lady lord president king queen prince princess captain capt. aunt uncle pastor father sister brother coach judge senator");

    private static readonly FrozenSet<string> Kin = Set(
        "friend friends sister brother son daughter wife husband partner girlfriend boyfriend fiancé fiancée fiance fiancee cousin aunt uncle nephew niece mother father mom mum dad grandmother grandfather grandma grandpa colleague coworker boss manager " +
        "neighbor neighbour roommate teacher mentor therapist doctor named");

    private static readonly FrozenSet<string> Acts = Set(
        "said says told tells asked asks thinks thought wants wanted likes liked loves loved lives lived works worked went goes moved came bought hates enjoys enjoyed has had is was knows knew met plans planned studied studies speaks feels felt " +
        "helped invited called texted married visited plays played wrote started moves teaches taught painted cooked 's");

    private static readonly FrozenSet<string> Movements = Set("live lives lived living moved move moving travel travelled traveled traveling travelling fly flew flying drove drive trip went going go visit visited visiting from born based relocated relocating reside resides stayed staying vacation holiday back");

    private static readonly FrozenSet<string> Employs = Set("work works worked working job employed employee intern interned internship hired ceo cto founder cofounder engineer manager joined director position role career offer");

    private static readonly FrozenSet<string> Languages = Set(
        "english spanish french german italian portuguese dutch swedish norwegian danish finnish polish russian ukrainian czech greek turkish arabic hebrew hindi chinese mandarin cantonese japanese korean vietnamese thai indian mexican american british irish " +
        "scottish canadian australian european african asian christian muslim jewish buddhist catholic");

    public static bool IsCommon(string word) => Common.Contains(word);

    public static bool IsGivenName(string word) => Names.Contains(word);

    public static bool IsPlace(string name) => Places.Contains(name) || LongPlaces.Contains(name);

    public static bool IsOrganisation(string name) => Organisations.Contains(name);

    public static bool IsOrganisationEnd(string word) => OrganisationEnds.Contains(word);

    public static bool IsOrganisationStart(string word) => OrganisationStarts.Contains(word);

    public static bool IsPlaceEnd(string word) => PlaceEnds.Contains(word);

    public static bool IsPlaceStart(string word) => PlaceStarts.Contains(word);

    public static bool IsHonorific(string word) => Honorifics.Contains(word);

    public static bool IsKin(string word) => Kin.Contains(word);

    public static bool IsAct(string word) => Acts.Contains(word);

    public static bool IsMovement(string word) => Movements.Contains(word);

    public static bool IsEmployment(string word) => Employs.Contains(word);

    public static bool IsLanguage(string word) => Languages.Contains(word);

    private static FrozenSet<string> Set(string words) =>
        words.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
