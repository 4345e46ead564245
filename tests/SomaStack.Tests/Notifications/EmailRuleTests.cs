using System.Text;
using CsCheck;
using MailKit.Net.Smtp;
using MimeKit;
using SomaStack.Operations.Notifications;
using SomaStack.Platform;

namespace SomaStack.Tests.Notifications;

/// <summary>What goes into a mail cannot become a header, a recipient or markup of its own.</summary>
public sealed class EmailRuleTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);
    private static readonly string[] Expected = ["From", "To", "Subject", "Date", "Message-Id", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type"];

    /// <summary>Breaks of every kind, letters of every script, halves of pairs, and what looks like a header.</summary>
    private static readonly Gen<string> Hostile = Gen.OneOf(
        Gen.OneOf("\r\n", "\n", "\r", "\u2028", "\u2029", "\u0085", "\0", "\v", "\f", "\r\nBcc: eve@example.com\r\n", "\r\n\r\n<html>", "=?utf-8?q?=0d=0aBcc:_x?=", "\ud83d", "\ud83d\ude00", "\u202e"),
        Gen.String[Gen.Char, 0, 40], Gen.String[Gen.Char.AlphaNumeric, 0, 90]).Array[0, 12].Select(static parts => string.Concat(parts));

    [Fact]
    public void Whatever_a_subject_and_a_body_hold_the_headers_are_ours() => Gen.Select(Hostile, Hostile).Sample((subject, body) =>
    {
        var message = EmailMessage.Of("d1", "soma@example.com", "ada@example.com", new EmailContent(subject, body, body), "https://soma.example/u?token=a.b", Noon);
        using var wire = new MemoryStream();
        message.WriteTo(wire);
        var head = Encoding.ASCII.GetString(wire.ToArray()).ReplaceLineEndings("\n").Split("\n\n")[0].Split('\n');
        Assert.DoesNotContain(wire.ToArray(), static value => value > 126);
        wire.Position = 0;
        var read = MimeMessage.Load(wire, TestContext.Current.CancellationToken);
        Assert.Equal(
            Expected.Order(StringComparer.OrdinalIgnoreCase), head.Where(static line => !char.IsWhiteSpace(line[0])).Select(static line => line.Split(':')[0]).Order(StringComparer.OrdinalIgnoreCase),
            StringComparer.OrdinalIgnoreCase);
        Assert.Equal("ada@example.com", Assert.Single(read.To.Mailboxes).Address);
        Assert.Empty(read.Bcc);
        Assert.Equal(EmailMessage.Line(subject), read.Subject ?? "");
    }, iter: 500);

    [Fact]
    public void A_line_is_one_line_and_stays_it() => Hostile.Sample(text =>
    {
        var line = EmailMessage.Line(text);
        Assert.True(line.Length <= 250 && !line.Any(static c => char.IsControl(c) || c is '\u2028' or '\u2029'));
        Assert.Equal(line, EmailMessage.Line(line));
        Assert.True(line.EnumerateRunes().All(static rune => Rune.IsValid(rune.Value)));
    });

    [Theory]
    [InlineData("ada@example.com", true)]
    [InlineData("ada+soma@mail.example.co.uk", true)]
    [InlineData("Ada <ada@example.com>", false)]
    [InlineData("ada@example.com\r\nRCPT TO:<eve@example.com>", false)]
    [InlineData("ada@example.com>", false)]
    [InlineData("ada@exa mple.com", false)]
    [InlineData("\"ada\"@example.com", false)]
    [InlineData("ada@", false)]
    [InlineData("@example.com", false)]
    [InlineData("ada@-example.com", false)]
    [InlineData("a@b,c@d", false)]
    public void An_address_is_one_and_nothing_else(string address, bool good) => Assert.Equal(good, AddressRules.IsEmail(address));

    [Fact]
    public void What_is_taken_as_an_address_is_one_to_a_mail_library_too() => Gen.String[Gen.Char[(char)0, (char)127], 1, 12].Sample(local =>
    {
        var address = local + "@example.com";
        if (!AddressRules.IsEmail(address)) return;
        Assert.True(MailboxAddress.TryParse(address, out var parsed));
        Assert.Equal((address, ""), (parsed.Address, parsed.Name ?? ""));
    }, iter: 5000);

    [Theory]
    [InlineData(SmtpErrorCode.RecipientNotAccepted, 550, "5.1.1 no such user", "Disabled")]
    [InlineData(SmtpErrorCode.RecipientNotAccepted, 550, "5.7.1 blocked by policy", "Refused")]
    [InlineData(SmtpErrorCode.RecipientNotAccepted, 552, "over quota", "Refused")]
    [InlineData(SmtpErrorCode.RecipientNotAccepted, 450, "busy", "Retry")]
    [InlineData(SmtpErrorCode.SenderNotAccepted, 550, "who are you", "Refused")]
    [InlineData(SmtpErrorCode.MessageNotAccepted, 554, "spam", "Refused")]
    [InlineData(SmtpErrorCode.MessageNotAccepted, 451, "later", "Retry")]
    [InlineData(SmtpErrorCode.UnexpectedStatusCode, 421, "going down", "Retry")]
    public void Every_answer_of_a_relay_has_its_end(SmtpErrorCode where, int status, string said, string result)
    {
        var outcome = SmtpSender.OutcomeOf(where, status, said);
        Assert.Equal((result, status), (outcome.Result.ToString(), outcome.Status));
    }

    [Fact]
    public void The_relay_is_read_from_one_setting_and_its_password_is_not_shown()
    {
        var route = SmtpRoute.OfOperator(new SomaOptions { SmtpUrl = "smtp://soma:p%40ss@mail.example:2525", SmtpFrom = "soma@example.com" })!;
        Assert.Equal(("mail.example", 2525, false, StartTls.Required, "soma", "p@ss"), (route.Host, route.Port, route.ImplicitTls, route.StartTls, route.User, route.Password));
        Assert.DoesNotContain("p@ss", route.ToString(), StringComparison.Ordinal);
        Assert.Equal(StartTls.Optional, SmtpRoute.OfOperator(new SomaOptions { SmtpUrl = "smtp://127.0.0.1:25", SmtpFrom = "a@b.example" })!.StartTls);
        Assert.Throws<InvalidOperationException>(() => SmtpRoute.OfOperator(new SomaOptions { SmtpUrl = "http://mail.example", SmtpFrom = "soma@example.com" }));
        Assert.Throws<InvalidOperationException>(() => SmtpRoute.OfOperator(new SomaOptions { SmtpUrl = "smtp://mail.example", SmtpFrom = "nobody" }));
    }
}
