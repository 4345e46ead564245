namespace SomaStack.Platform;

/// <summary>A consumer gave a line, or a message of others, up. Why stands in the dead letter itself, which the operator alone reads.</summary>
/// <param name="What">The event type of the line, or the topic of a message.</param>
/// <param name="Position">Of the line; 0 of a message.</param>
public sealed record DeadLettered(string Id, string Consumer, string What, long Position, int Attempts)
{
    /// <summary>The event type.</summary>
    public const string Type = "somastack.journal.dead_lettered.v1";
}
