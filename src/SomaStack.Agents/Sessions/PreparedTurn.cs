using Microsoft.Extensions.AI;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>A turn that may be answered: everything that opening and answering it needs.</summary>
/// <param name="IsNew">Its session begins with it.</param>
/// <param name="Model">As it was asked for; null leaves the choice to the tenant's profile.</param>
internal sealed record PreparedTurn(
    RequestContext Context, string SessionId, bool IsNew, string Persona, string TurnId, string Prompt, DateTimeOffset PreparedAt, string? Model,
    IReadOnlyList<ChatMessage> Messages, IReadOnlyList<Evidence> Evidence, ConstitutionProof Constitution, PolicyProof Policy,
    IReadOnlyList<MemoryProof> Memories, IReadOnlyList<string> DegradedReasons, IReadOnlyList<Reason> Moderation, Timings Timings)
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Its place in the session; known once it is open.</summary>
    public long Number { get; private set; }

    /// <summary>Completes when the turn is durable, or fails with what kept it from that; then nothing of it is stored.</summary>
    public Task Opened => _opened.Task;

    public bool IsOpen => _opened.Task.IsCompletedSuccessfully;

    public void Open(long number)
    {
        Number = number;
        Timings.Mark("open_commit");
        _opened.TrySetResult();
    }

    public void Refuse(Exception exception) => _opened.TrySetException(exception);

    /// <summary>What a kill switch may stop it by.</summary>
    public KillTarget Target => new(KillScope.Persona, Persona);

    /// <summary>Whose words the model reads in it and what was found in them; grows with every tool's answer.</summary>
    public IReadOnlyList<string> Taints { get; set; } = [];

    /// <summary>The model reads more.</summary>
    public void Reads(IReadOnlyList<string> taints) => Taints = TurnTaints.Join(Taints, taints);

    /// <summary>Set when it has waited for a second person; the first commit then spends the yes.</summary>
    public WaitingTurn? Waited { get; init; }

    /// <summary>On the turn itself; its obligations are carried out here, those on the model call with that call. Null when it goes on after a pause.</summary>
    public Decision? Decision { get; init; }

    public TurnTerms Terms { get; init; } = TurnTerms.None;

    /// <summary>The most tokens of the answer, by the rules and by whoever asks; null when nothing limits it.</summary>
    public long? OutputTokensCap { get; init; }

    /// <summary>What is claimed in the first commit; null when nobody had to be asked.</summary>
    public ApprovalRequest? Approved { get; init; }

    /// <summary>It was opened with a second person's yes, in another process.</summary>
    public bool WasApproved { get; init; }

    /// <summary>The yes covers all its calls of that model.</summary>
    public bool IsApproved => WasApproved || Approved is not null;

    /// <summary>The turn that it follows.</summary>
    public string? Parent { get; init; }

    public IReadOnlyList<OfferedTool> Tools { get; init; } = [];

    /// <summary>Candidates that call no tools, <c>provider/model</c>.</summary>
    public IReadOnlyList<string> ModelsWithoutTools { get; init; } = [];

    /// <summary>One that calls none stood in for one that does, and the turn says so.</summary>
    public IReadOnlyList<string> DegradedBy(CallReceipt receipt) =>
        Tools.Count > 0 && ModelsWithoutTools.Contains($"{receipt.Provider}/{receipt.Model}") ? [.. DegradedReasons, OfferTools.ModelWithout] : DegradedReasons;

    /// <summary>Of the smallest candidate; null when no server says.</summary>
    public int? ContextTokens { get; init; }

    /// <summary>What the model said and asked for so far, as it is stored.</summary>
    public List<TurnRound> Rounds { get; } = [];

    public RoundLimits Limits => new(Terms.ToolRoundsMax, OutputTokensCap);

    /// <summary>How a call ended, or that it waits.</summary>
    public void Replace(TurnToolCall call)
    {
        var round = Rounds[call.Round - 1];
        Rounds[call.Round - 1] = round with { Calls = [.. round.Calls.Select(one => one.Number == call.Number ? call : one)] };
    }

    public IReadOnlyList<ToolCallView> CallViews => [.. Rounds.SelectMany(static round => round.Calls).Select(ToolCallView.Of)];
}
