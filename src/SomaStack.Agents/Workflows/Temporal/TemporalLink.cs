using Microsoft.Extensions.Logging;
using SomaStack.Platform;
using Temporalio.Api.WorkflowService.V1;
using Temporalio.Client;
using Temporalio.Converters;
using Temporalio.Exceptions;

namespace SomaStack.Agents.Workflows;

/// <summary>The one connection of this process to Temporal's server.</summary>
internal sealed class TemporalLink(ClaimStore claims, SomaOptions options, ILoggerFactory logs)
{
    /// <summary>Effects have a queue of their own, named after that of the workflows: ten thousand slow ones keep no decision from being recorded.</summary>
    public static string EffectsQueueOf(string queue) => queue + "-effects";

    private readonly Lazy<TemporalClient> _client = new(() => TemporalClient.CreateLazy(new TemporalClientConnectOptions(options.Temporal!)
    {
        Namespace = options.TemporalNamespace,
        ApiKey = options.TemporalKey,
        Tls = options.TemporalTls || options.TemporalKey is not null ? new TlsOptions() : null,
        DataConverter = ConverterOf(claims),
        LoggerFactory = logs,
    }));

    public TemporalClient Client => _client.Value;

    public string Address => $"{options.Temporal}, namespace '{options.TemporalNamespace}'";

    public static DataConverter ConverterOf(ClaimStore claims) => new(new RunPayloads(), new RunFailures(), new ClaimCodec(claims));

    /// <exception cref="Problem">503 <c>temporal_unreachable</c> when the server does not answer or has no such namespace.</exception>
    public async Task CheckAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        try
        {
            // A connection that was never made waits for nobody's deadline.
            await Client.Connection.ConnectAsync().WaitAsync(atMost, cancellationToken);
            await Client.WorkflowService.DescribeNamespaceAsync(new DescribeNamespaceRequest { Namespace = options.TemporalNamespace }, new RpcOptions { CancellationToken = cancellationToken, Timeout = atMost });
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            var why = exception is RpcException { Code: RpcException.StatusCode.NotFound } ? "It has no such namespace."
                : exception is TimeoutException ? "It does not answer." : exception.Message;
            throw new Problem(WorkflowProblems.TemporalUnreachable, $"Runs are hosted by Temporal at {Address}. {why}", exception);
        }
    }
}

/// <summary>Whether Temporal's server answers, and what it could not be told.</summary>
internal sealed class TemporalProbe(TemporalLink link, TellTemporal tell) : IReadiness
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(1.5);

    public string Name => "temporal";

    /// <summary>Runs are begun and told without it; they go on when it is back.</summary>
    public bool IsRequired => false;

    public async ValueTask<Readiness> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await link.CheckAsync(Within, cancellationToken);
            return tell.Trouble is { } trouble ? new Readiness(ReadinessState.Degraded, trouble) : new Readiness(ReadinessState.Ok, link.Address);
        }
        catch (Problem problem)
        {
            return new Readiness(ReadinessState.Degraded, problem.Detail + " Runs wait until it answers.");
        }
    }
}
