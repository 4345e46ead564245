using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <param name="Data">JSON on one line.</param>
internal readonly record struct RunEventRow(long Seq, string Type, string Data);

/// <summary>What is told to the parent of a nested run in the transaction that ends it.</summary>
internal sealed record RunReport(string Run, RunInput Input);

/// <summary>
/// One step forward of one run: its new row, its events, its lines in the journal, all in one transaction. It holds only against the epoch
/// that its owner holds: whoever was taken over meanwhile changes nothing.
/// </summary>
/// <param name="Begins">The row is new.</param>
/// <param name="After">The row as it is then; its <see cref="RunRow.WakeAt"/> counts unless an input has come that was not taken.</param>
internal sealed record RunWrite(RunRow After, bool Begins, IReadOnlyList<RunEventRow> Events, IReadOnlyList<JournalEntry> Lines)
{
    public IReadOnlyList<RunApproval> Approvals { get; init; } = [];

    public RunReport? Report { get; init; }

    /// <summary>Done in the same transaction; what it throws undoes all of it.</summary>
    public Func<DbWork, Task>? Also { get; init; }

    /// <summary>The run ends with it.</summary>
    public bool Ends { get; init; }

    /// <summary>The history begins anew with this step; what was before it goes.</summary>
    public bool Continues { get; init; }

    public string Tenant => After.Tenant;
}

/// <param name="Effect">Key of the effect that asked for it.</param>
/// <param name="Request">What the run itself asked; null where the room that carries the effect out asked, and spends the yes.</param>
internal sealed record RunApproval(string Id, string Effect, string? Request = null);

/// <param name="Params">JSON of what is to be agreed to.</param>
internal sealed record RunQuestion(string Summary, string Params);

internal enum WriteOutcome
{
    Done,

    /// <summary>Another owner has the run, or it is there already.</summary>
    Refused,
}
