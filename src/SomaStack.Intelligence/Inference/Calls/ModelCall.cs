using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <param name="Taints">Labels of the content that the request derives from.</param>
/// <param name="Session">In whose course it is made; null outside of sessions.</param>
internal sealed record CallOrigin(IReadOnlyList<string> Taints, string? Session = null);

/// <summary>One governed call under way: what was decided, and the clock readings that its journal lines report.</summary>
internal sealed class ModelCall(RequestContext context, KnownModel model, string purpose, bool stream, Decision decision, ModelPrice? price, TimeProvider clock)
{
    private readonly long _begun = clock.GetTimestamp();
    private TimeSpan _upstream;
    private long _waitingSince;

    public string Id { get; } = Ids.New(clock);

    public RequestContext Context => context;

    public KnownModel Model => model;

    public string Purpose => purpose;

    public bool Stream => stream;

    public Decision Decision => decision;

    public ModelPrice? Price => price;

    /// <summary>Kinds of obligations that are carried out for it.</summary>
    public IReadOnlyList<string> Meets { get; init; } = [];

    public string RequestSha256 { get; init; } = "";

    /// <summary>What else is written in the transaction that opens it.</summary>
    public Func<DbWork, Task>? Opening { get; set; }

    /// <summary>What moderation knows of the request; null where nothing was read.</summary>
    public CallOrigin? Origin { get; init; }

    public long InputTokensMax { get; init; }

    public long OutputTokensMax { get; set; }

    /// <summary>What a second person has to have agreed to; claimed when the call is opened. Null when nobody has to be asked.</summary>
    public ApprovalRequest? Wanted { get; init; }

    /// <summary>A yes that covers it is spent in the commit that opens it, by whoever asks for the call.</summary>
    public bool Approved { get; init; }

    /// <summary>Of the attempt that it is, by which a kill switch ends it; null where nothing streams.</summary>
    public AttemptDeadline? Deadline { get; set; }

    /// <summary>The same for every attempt of one request of the caller.</summary>
    public string? RequestId { get; set; }

    /// <summary>1 for the first.</summary>
    public int Attempt { get; set; } = 1;

    /// <summary>What the provider did not count was estimated from what was sent and received.</summary>
    public bool Estimated { get; private set; }

    /// <summary>Unix microseconds.</summary>
    public long OpenedAt { get; } = clock.NowMicros();

    public TokenUsage Usage { get; set; } = new(null, null);

    public int Chunks { get; set; }

    public int? UpstreamStatus { get; set; }

    /// <summary>Sees the answer pass by and tells whether it refuses.</summary>
    public RefusalWatch Watch { get; } = new();

    public double? FirstByteMs { get; private set; }

    public double DurationMs => clock.GetElapsedTime(_begun).TotalMilliseconds;

    /// <summary>Everything but the waits for the provider and for a slow reader.</summary>
    public double OverheadMs => Math.Max(0, (clock.GetElapsedTime(_begun) - _upstream).TotalMilliseconds);

    public void BeginWait() => _waitingSince = clock.GetTimestamp();

    public void EndWait() => _upstream += clock.GetElapsedTime(_waitingSince);

    public void FirstByte() => FirstByteMs ??= clock.GetElapsedTime(_begun).TotalMilliseconds;

    /// <summary>Fills in what the provider will not say any more: the caller, or we, ended the call before its count came.</summary>
    public void Estimate(int inputTokens, int outputTokens)
    {
        if (Usage is { InputTokens: not null, OutputTokens: not null }) return;
        Usage = Usage with { InputTokens = Usage.InputTokens ?? inputTokens, OutputTokens = Usage.OutputTokens ?? outputTokens };
        Estimated = true;
    }
}
