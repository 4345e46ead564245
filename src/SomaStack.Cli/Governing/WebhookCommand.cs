using System.CommandLine;
using System.Text.Json.Nodes;

namespace SomaStack.Cli;

/// <summary>Endpoints that notifications are posted to.</summary>
internal static class WebhookCommand
{
    private const string Webhooks = "/v1/webhooks";

    private static readonly Argument<string> Id = new("id") { Description = "An endpoint as soma webhook list shows it." };
    private static readonly Argument<string> Address = new("address") { Description = "Where to post, e.g. https://hooks.example.com/soma." };
    private static readonly Option<bool> Tenants = new("--tenant-wide") { Description = "The tenant's own endpoint instead of yours; needs tenant:admin." };
    private static readonly Option<string?> Description = new("--description") { Description = "What it is for." };
    private static readonly Option<string?> Severity = new("--severity") { Description = "The lowest that is sent: info, warning, error or critical." };
    private static readonly Option<string[]> Kind = new("--kind") { Description = "Only these: alert, review, success or budget. Repeat; all by default." };
    private static readonly Option<int?> Overlap = new("--overlap") { Description = "Seconds for which the old secret still signs; a day by default." };
    private static readonly Option<string?> State = new("--state") { Description = "waiting, running, delivered, refused, dead or cancelled." };
    private static readonly Option<string?> Delivery = new("--delivery") { Description = "Only this one instead of all that was given up." };

    public static Command Create() => new(
        "webhook", "Endpoints that notifications are posted to, signed as Standard Webhooks says.\n\nExamples:\n  soma webhook create https://hooks.example.com/soma --tenant-wide\n  soma webhook test ID\n  soma webhook deliveries ID --state dead\n  soma webhook replay ID")
    {
        Remote.List("list", "Your endpoints, and as an administrator the tenant's.", _ => Webhooks,
            [new("id", "id", 37), new("scope", "scope", 7), new("url", "url", 40), new("severity", "severity_threshold", 9), new("kinds", "kinds", 20), new("disabled", "disabled_at", 28)]),
        Remote.Change("create", "Add an endpoint and print its secret, once.", Create, Address, Tenants, Description, Severity, Kind),
        Remote.Change("test", "Send a signed test now and say how it went.", parsed => Ask.Post(Path(parsed) + "/test"), Id),
        Remote.List("deliveries", "What was sent to an endpoint, newest first.",
            parsed => Remote.Query("/v1/notifications/deliveries", ("target", parsed.GetValue(Id)), ("state", parsed.GetValue(State))),
            [new("id", "id", 37), new("state", "state", 10), new("attempts", "attempts", 9), new("due", "due_at", 28), new("error", "last_error", 40)], Id, State),
        Remote.Change(
            "replay", "Try again what was given up.",
            parsed => Ask.Post(parsed.GetValue(Delivery) is { } one ? $"/v1/notifications/deliveries/{Remote.Part(one)}/replay" : Path(parsed) + "/replay"), Id, Delivery),
        Remote.Change("rotate", "Give an endpoint a new secret and print it; both sign for a while.", Rotate, Id, Overlap),
        Remote.Change("delete", "Delete an endpoint.", parsed => new Ask(HttpMethod.Delete, Path(parsed)), Id),
    };

    private static string Path(ParseResult parsed) => $"{Webhooks}/{Remote.Part(parsed.GetValue(Id)!)}";

    private static Ask Create(ParseResult parsed)
    {
        var body = new JsonObject { ["url"] = parsed.GetValue(Address), ["scope"] = parsed.GetValue(Tenants) ? "tenant" : "mine" };
        if (parsed.GetValue(Description) is { } description) body["description"] = description;
        if (parsed.GetValue(Severity) is { } severity) body["severity_threshold"] = severity;
        if (parsed.GetValue(Kind) is { Length: > 0 } kinds) body["kinds"] = new JsonArray([.. kinds.Select(static one => (JsonNode)one)]);
        return Ask.Post(Webhooks, body);
    }

    private static Ask Rotate(ParseResult parsed)
    {
        var body = new JsonObject();
        if (parsed.GetValue(Overlap) is { } overlap) body["overlap_seconds"] = overlap;
        return Ask.Post(Path(parsed) + "/rotate", body);
    }
}
