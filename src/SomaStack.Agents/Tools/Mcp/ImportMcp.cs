using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// <c>POST /v1/adapters/import/mcp</c>: asks a server for its tools and writes the draft of a manifest that pins them. Nothing is registered: the
/// draft is read by a person, signed by a publisher and approved like any other.
/// </summary>
internal sealed class ImportMcp(McpServers servers)
{
    private const int NameMax = 64;
    private const int DescriptionMax = 4000;
    private const int FaultsMax = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <param name="Settings">As in the manifest; <c>tools</c> and <c>protocol</c> are found out.</param>
    /// <param name="Secrets">For this one connection; they are not kept.</param>
    internal sealed record Request(string Id, string Version, McpSettings Settings, string? Summary = null, IReadOnlyDictionary<string, string>? Secrets = null);

    /// <param name="Manifest">The draft, in the form that is signed.</param>
    /// <param name="Notes">What a person should know before signing.</param>
    internal sealed record Response(JsonElement Manifest, string Protocol, IReadOnlyList<string> Notes);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/adapters/import/mcp", (Request request, RequestContext context, ImportMcp use, CancellationToken cancellationToken) => use.RunAsync(request, context, cancellationToken))
        .Requires(Capability.ToolManage).WithoutReplay().WithTags("tools").WithSummary("Draft a manifest from the tools of an MCP server.");

    public async Task<Ok<Response>> RunAsync(Request request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(IsName(request.Id), "id", "must have 1 to 64 characters of a-z, 0-9, - and _").And(request.Version is { Length: > 0 and <= 64 }, "version", "must have 1 to 64 characters").OrThrow();
        // The address is the importer's own word here; the manifest's egress is drafted from it.
        string[] egress = request.Settings is { Transport: McpSettings.Http } && McpSettings.Address(request.Settings.Url) is { } url ? [McpSettings.Origin(url)] : [];
        var errors = McpSettings.Check(request.Settings, egress);
        if (errors.Count > 0) throw new Problem(PlatformProblems.InvalidRequest, string.Join(' ', errors.Select(static error => $"'{error.Field}' {error.Message}."))) { Errors = errors };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var limits = new ManifestLimits(TimeoutSeconds: (int)Limit.TotalSeconds, MemoryMegabytes: 1024, Processes: 64);
            await using var session = await servers.OpenAsync(request.Settings with { Tools = null }, limits, request.Secrets ?? new Dictionary<string, string>(), context.Mode, limit.Token);
            return TypedResults.Ok(Draft(request, egress, session));
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw ToolProblems.Timeout.Because($"The MCP server did not list its tools within {Limit.TotalSeconds} s.", exception);
        }
    }

    private Response Draft(Request request, string[] egress, McpSession session)
    {
        var notes = new List<string> { "Risk is set to high and nothing is marked read-only: a server's own hints are not to be believed. Lower them where you know better." };
        if (request.Settings.Transport == McpSettings.Stdio && servers.MissingWalls is { } missing) notes.Add(missing);
        var settings = request.Settings with { Protocol = session.Version, Tools = ToolPins.Of(session.Tools) };
        var names = new HashSet<string>(StringComparer.Ordinal);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("id", request.Id);
            writer.WriteString("version", request.Version);
            writer.WriteString("kind", "mcp");
            writer.WriteString("summary", request.Summary ?? $"Tools of the MCP server {request.Settings.Url ?? request.Settings.Command}");
            writer.WriteStartArray("actions");
            foreach (var tool in session.Tools)
            {
                var name = Unique(NameOf(tool.Name), names);
                if (name != tool.Name) notes.Add($"The tool '{tool.Name}' is called '{name}' here.");
                if (tool.Description.Length > DescriptionMax) notes.Add($"The description of '{name}' was cut at {DescriptionMax} characters.");
                WriteAction(writer, name, tool);
            }
            writer.WriteEndArray();
            writer.WriteStartArray("permissions");
            writer.WriteEndArray();
            writer.WriteStartArray("egress");
            foreach (var origin in egress) writer.WriteStringValue(origin);
            writer.WriteEndArray();
            writer.WritePropertyName("settings");
            JsonSerializer.Serialize(writer, settings, McpJson.Default.McpSettings);
            writer.WriteEndObject();
        }
        var draft = buffer.ToArray();
        try
        {
            ManifestReader.Read(Encoding.UTF8.GetString(draft));
        }
        catch (Problem problem) when (problem.Code == ToolProblems.ManifestInvalid)
        {
            // What a server declares may be beyond what a manifest holds; the drafter decides what to leave out.
            notes.AddRange(problem.Errors.Take(FaultsMax).Select(static error => $"Not acceptable as it is: '{error.Field}' {error.Message}."));
        }
        return new Response(JsonElement.Parse(draft), session.Version, notes);
    }

    private static void WriteAction(Utf8JsonWriter writer, string name, McpTool tool)
    {
        writer.WriteStartObject();
        writer.WriteString("name", name);
        writer.WriteString("description", tool.Description is { Length: > 0 and <= DescriptionMax } description ? description : tool.Description.Length == 0 ? tool.Name : tool.Description[..DescriptionMax]);
        writer.WritePropertyName("input");
        tool.Input.WriteTo(writer);
        if (tool.Output is { } output)
        {
            writer.WritePropertyName("output");
            output.WriteTo(writer);
        }
        writer.WriteString("risk", "high");
        writer.WriteBoolean("read_only", false);
        writer.WriteBoolean("idempotent", false);
        writer.WriteStartObject("settings");
        writer.WriteString("tool", tool.Name);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Names of actions are stricter than the protocol's, which only recommends its own.</summary>
    private static string NameOf(string tool)
    {
        var name = string.Concat(tool.Take(NameMax).Select(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' ? c : '_'));
        return name[0] is '-' or '.' ? "_" + name : name;
    }

    private static string Unique(string name, HashSet<string> names)
    {
        for (var i = 1; ; i++)
        {
            var candidate = i == 1 ? name : $"{name}_{i}";
            if (names.Add(candidate)) return candidate;
        }
    }

    private static bool IsName(string? id) => id is { Length: > 0 and <= NameMax } && id.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_');
}
