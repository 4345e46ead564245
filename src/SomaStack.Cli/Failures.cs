using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using SomaStack.Client;
using SomaStack.Platform;

namespace SomaStack.Cli;

/// <summary>How commands fail: exit codes 0 ok, 1 failure, 2 usage, 4 authentication; the reason on stderr, stdout stays empty.</summary>
internal static class Failures
{
    public const int Failure = 1;
    public const int Usage = 2;
    public const int Authentication = 4;

    public static async Task<int> GuardAsync(ParseResult parsed, Func<Task<int>> run)
    {
        if (parsed.Errors.Count > 0)
        {
            await run();
            return Usage;
        }
        try
        {
            return await run();
        }
        catch (SomaException refusal)
        {
            return Print(parsed, refusal.Code, refusal.Message, refusal.Status, refusal.TraceId, refusal.Status is 401 or 403 ? Authentication : Failure, Hint(refusal));
        }
        catch (Problem problem)
        {
            return Print(parsed, problem.Code.Code, problem.Detail, (int)problem.Code.Kind, null, Failure, problem.Code.Remedy);
        }
        catch (UsageException usage)
        {
            return Print(parsed, "usage", usage.Message, null, null, Usage, "Run the command with --help.");
        }
        catch (LoginException ended)
        {
            return Print(parsed, ended.Code, ended.Message, null, null, Authentication, "Sign in with: soma login");
        }
        catch (HttpRequestException unreachable)
        {
            return Print(parsed, "unreachable", unreachable.Message, null, null, Failure, "Is the server running? Start it with: soma up");
        }
        catch (TimeoutException late)
        {
            return Print(parsed, "timed_out", late.Message, null, null, Failure, "Is the server overloaded? See: soma status");
        }
        catch (IOException taken) when (taken.Message.Contains("address already in use", StringComparison.OrdinalIgnoreCase))
        {
            return Print(parsed, "address_in_use", taken.Message, null, null, Failure, "Another program listens there. Choose another address: --url http://127.0.0.1:8081");
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
    }

    public static int Print(ParseResult parsed, string code, string message, int? status, string? traceId, int exitCode, string? hint)
    {
        if (parsed.GetValue(GlobalOptions.Json))
            Console.Error.WriteLine(JsonSerializer.Serialize(new ErrorLine(new ErrorBody(code, message, hint, status, traceId)), CliJson.Default.ErrorLine));
        else
            Console.Error.WriteLine($"soma: {message} ({code}{(traceId is null ? "" : ", trace " + traceId)}){(hint is null ? "" : "\n      " + hint)}");
        return exitCode;
    }

    private static string? Hint(SomaException refusal) => refusal.Status switch
    {
        401 => "Get a token with: soma token",
        403 when refusal.Code == "capability_missing" => "Ask an administrator for it, or use a token of somebody who holds it.",
        429 => refusal.RetryAfter is { } wait ? $"Try again in {wait.TotalSeconds:0} s." : null,
        _ => null,
    };
}

/// <summary>The command line is well-formed but does not make sense here.</summary>
internal sealed class UsageException(string message) : Exception(message);
