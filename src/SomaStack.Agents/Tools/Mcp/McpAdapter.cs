using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Tools of MCP servers. A server whose tools are not the approved ones is not called.</summary>
internal sealed class McpAdapter(McpServers servers, McpPool pool) : IAdapterKind
{
    private const int WordsMax = 2000;

    public string Kind => "mcp";

    /// <summary>Servers elsewhere need nothing here; what one on stdio lacks is said when it is imported or called.</summary>
    public string? Unavailable => null;

    public IReadOnlyList<FieldError> Check(Manifest manifest) => McpSettings.Check(manifest);

    public async Task<AdapterAnswer> ExecuteAsync(AdapterCall call, CancellationToken cancellationToken)
    {
        var settings = McpSettings.Of(call.Manifest);
        var name = McpActionSettings.Of(call.Action)!;
        try
        {
            return await pool.UseAsync(
                McpPool.Key(call.Context.Tenant, call.Manifest.Id, settings, call.Secrets), settings.Transport == McpSettings.Stdio,
                stop => servers.OpenAsync(settings, call.Manifest.Limits, call.Secrets, call.Context.Mode, stop),
                (session, stop) => CallAsync(session, settings, name, call, stop), TimeSpan.FromSeconds(call.Manifest.Limits.TimeoutSeconds), cancellationToken);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw ToolProblems.Timeout.Because($"The MCP server did not answer within {call.Manifest.Limits.TimeoutSeconds} s.", exception);
        }
        catch (Problem problem) when (problem.Code == PlatformProblems.Timeout)
        {
            throw ToolProblems.Timeout.Because($"The MCP server did not answer within {call.Manifest.Limits.TimeoutSeconds} s.", problem);
        }
        catch (Problem problem) when (problem.Code == PlatformProblems.AnswerTooLarge)
        {
            throw McpProblems.Invalid.Because("The server sent more than it may.", problem);
        }
        catch (McpError refused)
        {
            return new AdapterAnswer(true, Told(refused)) { Taints = ["mcp"] };
        }
        catch (HttpRefusal refused)
        {
            return new AdapterAnswer(true, refused.Message) { Taints = ["mcp"] };
        }
    }

    private static async Task<AdapterAnswer> CallAsync(McpSession session, McpSettings settings, string name, AdapterCall call, CancellationToken cancellationToken)
    {
        await session.RefreshAsync(cancellationToken);
        Hold(settings, session.Tools);
        var tool = session.Tools.First(tool => tool.Name == name);
        return McpContent.Answer(await session.CallAsync(tool, call.Arguments, cancellationToken), call.Manifest.Limits.OutputBytes);
    }

    /// <exception cref="Problem">409 <c>adapter_changed</c> with one reason for each difference.</exception>
    private static void Hold(McpSettings settings, IReadOnlyList<McpTool> tools)
    {
        IReadOnlyDictionary<string, string> found;
        try
        {
            found = ToolPins.Of(tools);
        }
        catch (FormatException exception)
        {
            throw McpProblems.Invalid.Because("A tool's definition has no canonical form.", exception);
        }
        var difference = ToolPins.Difference(settings.Tools!, found);
        if (difference.Count > 0) throw new Problem(McpProblems.Changed, string.Join(' ', difference.Take(20).Select(static reason => reason.Message))) { Reasons = difference };
    }

    /// <summary>The server's own words, short: a model reads them and may do better.</summary>
    private static string Told(McpError refused) => $"The server refused ({refused.Code}): {(refused.Message.Length <= WordsMax ? refused.Message : refused.Message[..WordsMax])}";
}
