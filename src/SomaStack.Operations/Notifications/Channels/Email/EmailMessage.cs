using System.Text;
using MimeKit;

namespace SomaStack.Operations.Notifications;

/// <summary>Makes the message that goes over the wire. Nothing of what people wrote can become a header of its own.</summary>
internal static class EmailMessage
{
    private const int SubjectMax = 250;

    /// <param name="id">Of the delivery: a repetition carries the same Message-ID, so that mail programs show it once.</param>
    /// <param name="unsubscribe">The one-click address (RFC 8058); null where there is nothing to leave.</param>
    public static MimeMessage Of(string id, string from, string to, EmailContent content, string? unsubscribe, DateTimeOffset now)
    {
        var message = new MimeMessage();
        message.From.Add(new MailboxAddress("", from));
        message.To.Add(new MailboxAddress("", to));
        message.Subject = Line(content.Subject);
        message.Date = now;
        message.MessageId = $"{id}@{from[(from.LastIndexOf('@') + 1)..]}";
        message.Headers.Add("Auto-Submitted", "auto-generated");
        if (unsubscribe is not null)
        {
            message.Headers.Add("List-Unsubscribe", $"<{unsubscribe}>");
            message.Headers.Add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        }
        message.Body = new BodyBuilder { TextBody = Readable(content.Text), HtmlBody = Readable(content.Html) }.ToMessageBody();
        message.Prepare(EncodingConstraint.SevenBit);
        return message;
    }

    /// <summary>One line without controls, breaks or halves of characters, of at most 250 characters.</summary>
    public static string Line(string text)
    {
        var line = new StringBuilder(Math.Min(text.Length, SubjectMax));
        foreach (var rune in text.EnumerateRunes())
        {
            if (line.Length + 2 > SubjectMax) break;
            var blank = Rune.IsControl(rune) || Rune.IsWhiteSpace(rune) || IsTurning(rune.Value);
            // An encoded word (RFC 2047) in what people wrote would be read as something else.
            if (!blank) line.Append(rune.Value == '?' && line.Length > 0 && line[^1] == '=' ? " ?" : rune.ToString());
            else if (line.Length > 0 && line[^1] != ' ') line.Append(' ');
        }
        return line.ToString().TrimEnd();
    }

    /// <summary>What turns the direction of writing can make a subject look like another.</summary>
    private static bool IsTurning(int value) => value is (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) or 0x200E or 0x200F;

    /// <summary>Without controls but breaks and tabs.</summary>
    private static string Readable(string text) => string.Concat(text.Where(static c => !char.IsControl(c) || c is '\n' or '\r' or '\t'));
}

/// <summary>What a template made.</summary>
internal sealed record EmailContent(string Subject, string Text, string Html);
