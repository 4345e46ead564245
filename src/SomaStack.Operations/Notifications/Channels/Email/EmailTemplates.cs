using Microsoft.Extensions.Logging;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications.Contracts;

namespace SomaStack.Operations.Notifications;

/// <summary>Renders messages from the tenant's template, else the built-in one. A template that fails when it is used keeps no message back.</summary>
internal sealed partial class EmailTemplates(TemplateStore store, IPublicAddress address, ILogger<EmailTemplates> log)
{
    public const string NotificationName = "notification";
    public const string DigestName = "digest";
    public const string VerifyName = "verify-address";

    public static readonly IReadOnlyList<string> Names = [NotificationName, DigestName, VerifyName];

    /// <summary>A path of ours as an address; what is one already stays.</summary>
    public string Link(string link) => link.StartsWith('/') ? address.Of(link) : link;

    public async Task<EmailContent> RenderAsync(string tenant, string name, IReadOnlyDictionary<string, object> values, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(tenant, name, cancellationToken) is { } own)
            try
            {
                return await RenderAsync(own.Parts, values);
            }
            catch (TemplateFault fault)
            {
                Fell(log, name, tenant, fault.Message);
            }
        return await RenderAsync(DefaultTemplates.All[name], values);
    }

    /// <exception cref="TemplateFault">A part cannot be parsed or rendered; the message names it.</exception>
    public static async Task<EmailContent> RenderAsync(TemplateParts parts, IReadOnlyDictionary<string, object> values) => new(
        await PartAsync("subject", parts.Subject, values, html: false), await PartAsync("body_text", parts.Text, values, html: false), await PartAsync("body_html", parts.Html, values, html: true));

    /// <summary>What a template is tried with when it is saved.</summary>
    public Dictionary<string, object> Sample(string tenant, string name, DateTimeOffset now)
    {
        Notification One(long sequence, string title) => new(
            tenant, "0199aa00-0000-7000-8000-000000000000", sequence, NotificationKinds.Review, Severities.All[1], title, "The persona wants to send a mail to <all@example.com> & asks for an approval.",
            "/approvals/0199aa00", null, "sample", null, "sample", "approval/0199aa00", true, new Dictionary<string, string>(), Audience.Tenant, true, "system", now, null, 2, now, null, null, null, null);
        var unsubscribe = address.Of("/v1/notifications/unsubscribe?token=sample");
        return name switch
        {
            NotificationName => TemplateValues.Of(One(1, "An approval waits for you"), new DecisionAddresses(address.Of("/approve"), address.Of("/reject"), now.AddHours(1)), Link, unsubscribe),
            DigestName => TemplateValues.Of(new Digest(tenant, "sample", "ada", DateOnly.FromDateTime(now.UtcDateTime), [One(1, "First"), One(2, "Second")], 3), Link, unsubscribe),
            _ => TemplateValues.OfCode(tenant, "12345678", 10),
        };
    }

    private static async Task<string> PartAsync(string part, string source, IReadOnlyDictionary<string, object> values, bool html)
    {
        var template = TemplateEngine.Parse(source, out var fault) ?? throw new TemplateFault($"{part}: {fault}");
        try
        {
            return await TemplateEngine.RenderAsync(template, values, html);
        }
        catch (TemplateFault found)
        {
            throw new TemplateFault($"{part}: {found.Message}");
        }
    }

    [LoggerMessage(LogLevel.Warning, "The template {Name} of tenant {Tenant} failed and the built-in one was used: {Why}")]
    private static partial void Fell(ILogger log, string name, string tenant, string why);
}
