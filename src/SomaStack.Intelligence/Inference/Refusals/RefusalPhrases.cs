using System.Text;
using System.Text.RegularExpressions;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// The rule for answers that refuse in words, English and Spanish, on their first 200 characters: a first person that will not or may
/// not do what was asked, at the start or behind an opening such as an apology. What a model cannot know or see is no refusal. Pure.
/// </summary>
internal static partial class RefusalPhrases
{
    /// <summary>Characters that are looked at.</summary>
    public const int Length = 200;

    public static bool Matches(ReadOnlySpan<char> text)
    {
        var words = Normalise(text);
        return words.Length > 0 && (English().IsMatch(words) || Impersonal().IsMatch(words) || Spanish().IsMatch(words));
    }

    /// <summary>Lower case, apostrophes straight, accents off, runs of blanks and marks of layout one blank; at most <see cref="Length"/> characters.</summary>
    public static string Normalise(ReadOnlySpan<char> text)
    {
        var kept = new StringBuilder(Length);
        var blank = true;
        foreach (var raw in text)
        {
            var c = Plain(raw);
            var isBlank = char.IsWhiteSpace(c) || c is '*' or '_' or '#' or '>' or '"' or '`';
            if (isBlank && blank) continue;
            kept.Append(isBlank ? ' ' : c);
            blank = isBlank;
            if (kept.Length == Length) break;
        }
        return kept.ToString().TrimEnd();
    }

    private static char Plain(char c) => c switch
    {
        '\u2018' or '\u2019' or '\u02BC' => '\'',
        '\u201C' or '\u201D' => '"',
        '\u2013' or '\u2014' => '-',
        'á' or 'Á' => 'a',
        'é' or 'É' => 'e',
        'í' or 'Í' => 'i',
        'ó' or 'Ó' => 'o',
        'ú' or 'Ú' or 'ü' or 'Ü' => 'u',
        _ => char.ToLowerInvariant(c),
    };

    // The text is whatever a model wrote, but never longer than Length: backtracking stays bounded.
    private const RegexOptions Options = RegexOptions.CultureInvariant;

    /// <summary>"I'm sorry, but I can't help with that." "As an AI, I am not able to write this." "I won't take part in …"</summary>
    [GeneratedRegex(
        @"^(?:(?:(?:i'?m|i am|we're|we are) (?:very |really |so |truly )?(?:sorry|afraid)|sorry|(?:my )?apologies|i apologi[sz]e|unfortunately|regrettably|no|hello|hi|thank you for [a-z ]+|thanks for [a-z ]+|i understand [^.,;:!]+|i appreciate [^.,;:!]+|i hear you|as an? (?:ai|assistant|language model|responsible|automated)[a-z ]*|because of [^.,;:!]+|for (?:safety|legal|ethical|privacy) reasons)[ ,.;:!-]*(?:but |that |however,? |and )?){0,3}(?:i|we)(?:'m| am|'re| are)? (?:just |simply |also |really |do |must |have to |need to |will have to |going to |respectfully |choose to |would rather |'d rather )*(?:(?:can't|cannot|can not|won't|will not|couldn't|could not|don't want to|refuse to|not able to|unable to|not allowed to|not permitted to|not going to|not willing to|not comfortable with|not comfortable|not in a position to|not authori[sz]ed to)(?: in good conscience| ethically| legally| responsibly| safely| just| simply| really)? (?:to )?(?:be able to )?(?:help|helping|assist|assisting|provide|providing|comply|fulfil|fulfill|create|creating|generate|generating|write|writing|support|do|answer|answering|engage|discuss|discussing|share|sharing|continue|participate|take part|give (?:you|that|this|out|advice|instructions|any)|giving (?:you|that|this|out|advice|instructions|any)|offer|produce|go along|go into|carry out|complete|recommend|describe|explain|translate|role-?play|pretend|reveal|show|tell you|list|walk you|make|respond|process|disclose|follow|accommodate|encourage|be part)|decline|refuse|pass on this|say no)\b",
        Options)]
    private static partial Regex English();

    /// <summary>"This request goes against …", "That is not something I can help with."</summary>
    [GeneratedRegex(
        @"^(?:(?:i'?m|i am) sorry[ ,.;:-]*(?:but )?|sorry[ ,.;:-]*(?:but )?|unfortunately,? )?(?:(?:that|this|it)(?:'s not| is not| isn't) (?:something|a request|content|a topic|a thing)(?: that)? (?:i|we)(?: can|'m able to| am able to| are able to| will|'ll|'m going to|'m willing to) |(?:that|this|it)(?:'s| is) (?:something|a request|content|a topic|a thing)(?: that)? (?:i|we)(?: can't| cannot| can not| won't| will not|'m not able to| am not able to|'m unable to| am unable to| must decline| have to decline)\b|(?:that|this|your|the) (?:request|question|prompt|content|message)[a-z ]* (?:violates|goes against|conflicts with|is against|breaches|falls outside what|is not something i can)|(?:helping|assisting) with (?:that|this)[a-z ]* (?:would|is) )",
        Options)]
    private static partial Regex Impersonal();

    /// <summary>"Lo siento, no puedo ayudarte con eso." "No me es posible …" "Debo rechazar …"</summary>
    [GeneratedRegex(
        @"^(?:(?:lo siento(?: mucho)?|lo lamento|lamento|lamentablemente|disculpa|disculpe|perdona|perdon|me temo que|como (?:una? )?(?:ia|asistente|modelo|inteligencia)[a-zñ ]*|entiendo [^.,;:!]+|gracias por [a-zñ ]+|por (?:razones|motivos) de [a-z ]+|desafortunadamente|hola)[ ,.;:!-]*(?:pero |que |sin embargo,? )?){0,3}(?:yo )?(?:(?:no (?:puedo|podemos|podre|voy a|quiero|debo|estoy autorizad[oa] (?:a|para)|estoy dispuest[oa] a|tengo permitido|tengo permiso para|me es posible|me esta permitido|se me permite|soy capaz de|seria correcto|seria responsable))(?: en conciencia| legalmente)? (?:ayudar|asistir|proporcionar|ofrecer|cumplir|crear|generar|escribir|responder|participar|continuar|compartir|dar|facilitar|hacer|realizar|explicar|describir|hablar|revelar|mostrar|colaborar|redactar|recomendar|traducir|atender|apoyar|decir|producir|discutir|elaborar|seguir)|(?:debo|tengo que|prefiero|he de) (?:rechazar|declinar|negarme|no )|me niego|rechazo)",
        Options)]
    private static partial Regex Spanish();
}
