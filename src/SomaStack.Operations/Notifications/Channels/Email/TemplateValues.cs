using System.Globalization;

namespace SomaStack.Operations.Notifications;

/// <summary>What templates may name. Everything is there in each message, empty where there is nothing, so that a template never meets an unknown name by chance.</summary>
internal static class TemplateValues
{
    /// <param name="link">Makes a path an address.</param>
    public static Dictionary<string, object> Of(Notification one, DecisionAddresses? decision, Func<string, string> link, string unsubscribe) => new()
    {
        ["tenant"] = one.Tenant, ["inbox_url"] = link("/"), ["unsubscribe_url"] = unsubscribe, ["notification"] = Item(one, link),
        ["decision"] = new Dictionary<string, object>
        {
            ["asked"] = decision is not null, ["approve_url"] = decision?.Approve ?? "", ["reject_url"] = decision?.Reject ?? "",
            ["expires_at"] = decision is null ? "" : Time(decision.ExpiresAt),
        },
    };

    public static Dictionary<string, object> Of(Digest digest, Func<string, string> link, string unsubscribe) => new()
    {
        ["tenant"] = digest.Tenant, ["inbox_url"] = link("/"), ["unsubscribe_url"] = unsubscribe, ["day"] = digest.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        ["count"] = digest.Items.Count + digest.Left, ["left"] = digest.Left, ["items"] = digest.Items.Select(item => Item(item, link)).ToList(),
    };

    public static Dictionary<string, object> OfCode(string tenant, string code, int minutes) => new() { ["tenant"] = tenant, ["code"] = code, ["minutes"] = minutes };

    private static Dictionary<string, object> Item(Notification one, Func<string, string> link) => new()
    {
        ["id"] = one.Id, ["kind"] = one.Kind, ["severity"] = one.Severity, ["title"] = one.Title, ["body"] = one.Body, ["link"] = one.Link is null ? "" : link(one.Link),
        ["group"] = one.GroupKey ?? "", ["source"] = one.Source, ["subject"] = one.Subject ?? "", ["count"] = one.Count, ["untrusted"] = one.Untrusted,
        ["requires_ack"] = one.RequiresAck, ["created_at"] = Time(one.CreatedAt),
    };

    private static string Time(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
