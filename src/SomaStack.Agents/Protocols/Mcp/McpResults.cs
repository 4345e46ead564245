using System.Globalization;
using System.Text;
using System.Text.Json;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary>Results of tools in the protocol's words. What did not succeed is a result too: a model reads it and goes on.</summary>
internal sealed class McpResults(IPublicAddress address)
{
    private const string Prefix = "somastack/";

    /// <summary>What a call is, for finding it again: caller, tool and arguments, whatever their order and spaces.</summary>
    public static string DigestOf(RequestContext context, string tool, string arguments)
    {
        try
        {
            return TextDigest.Of($"{context.Principal.Id}\n{tool}\n{CanonicalJson.Canonicalize(arguments)}");
        }
        catch (FormatException exception)
        {
            throw RpcError.Params("'arguments' " + exception.Message);
        }
    }

    public static void Write(Utf8JsonWriter writer, ToolResult result)
    {
        var failed = result.Outcome != ToolOutcome.Succeeded;
        WriteText(writer, failed && result.Code is { } code && result.Text.Length == 0 ? code : result.Text);
        if (!failed && result.Structured is { } structured)
        {
            writer.WritePropertyName("structuredContent");
            writer.WriteRawValue(structured);
        }
        writer.WriteBoolean("isError", failed);
    }

    public static void WriteRefusal(Utf8JsonWriter writer, Problem problem)
    {
        var text = new StringBuilder($"{problem.Code.Code}: {problem.Detail}");
        foreach (var reason in problem.Reasons.Take(20)) text.Append(' ').Append(reason.Message);
        if (problem.RetryAfter is { } wait) text.Append(CultureInfo.InvariantCulture, $" Wait {Math.Ceiling(wait.TotalSeconds)} s.");
        WriteText(writer, text.Append(' ').Append(problem.Code.Remedy).ToString());
        writer.WriteBoolean("isError", true);
    }

    public void WriteAwaiting(Utf8JsonWriter writer, Approval approval)
    {
        WriteText(writer, $"Not done yet: a second person must agree (approval {approval.Id}, until {approval.ExpiresAt:u}). Somebody with the right to decide does so at {Page(approval)}. "
            + "When it is agreed to, call this tool again with exactly the same arguments; until then it answers the same.");
        writer.WriteBoolean("isError", true);
    }

    /// <summary>For a client that can show its person where to go (multi round-trip requests, elicitation by address).</summary>
    public void WriteInputRequired(Utf8JsonWriter writer, Approval approval, string state)
    {
        writer.WriteStartObject();
        writer.WriteString("resultType", "input_required");
        McpEndpoint.WriteMeta(writer, modern: true, facts => facts.WriteString(Prefix + "approval", approval.Id));
        writer.WriteStartObject("inputRequests");
        writer.WriteStartObject("approval");
        writer.WriteString("method", "elicitation/create");
        writer.WriteStartObject("params");
        writer.WriteString("mode", "url");
        writer.WriteString("elicitationId", approval.Id);
        writer.WriteString("url", Page(approval));
        writer.WriteString("message", $"A second person must agree before this is done: {approval.Summary}");
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteString("requestState", state);
        writer.WriteEndObject();
    }

    /// <summary>Where the console shows it to whoever may decide.</summary>
    public static string PageOf(IPublicAddress address, string approval) => address.Of("/inbox?state=all&id=" + Uri.EscapeDataString(approval));

    private string Page(Approval approval) => PageOf(address, approval.Id);

    private static void WriteText(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartArray("content");
        writer.WriteStartObject();
        writer.WriteString("type", "text");
        writer.WriteString("text", text);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    /// <summary>What was recorded about the call, for whoever wants to look it up.</summary>
    public static void WriteFacts(Utf8JsonWriter writer, ToolResult result)
    {
        writer.WriteString(Prefix + "call", result.Id);
        if (result.Code is { } code) writer.WriteString(Prefix + "code", code);
        if (result.Awaits is { } approval) writer.WriteString(Prefix + "approval", approval.Id);
        if (result.Replayed) writer.WriteBoolean(Prefix + "replayed", true);
    }
}
