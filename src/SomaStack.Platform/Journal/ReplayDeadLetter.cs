using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace SomaStack.Platform;

/// <summary>Runs the consumer's handler again over the line. Its effect and the mark on the letter are one transaction.</summary>
internal static class ReplayDeadLetter
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/journal/dead-letters/{id}/replay", RunAsync).Requires(Capability.PlatformAdmin);

    internal static async Task<DeadLetter> RunAsync(string id, DeadLetters letters, JournalReader reader, Subscriptions subscriptions, CancellationToken cancellationToken)
    {
        Check.That(id.Length <= 64, "id", "must have at most 64 characters").OrThrow();
        var letter = await letters.FindAsync(id, cancellationToken) ?? throw PlatformProblems.NotFound.Because("There is no such dead letter.");
        var subscription = subscriptions.All.FirstOrDefault(subscription => subscription.Consumer == letter.Consumer)
            ?? throw JournalProblems.ReplayFailed.Because($"The consumer '{letter.Consumer}' is not part of this program any more.");
        if (letter.Position == 0) throw JournalProblems.ReplayFailed.Because("A message that others published is not kept here; once the cause is repaired, publish it again.");
        var line = await reader.FindAsync(letter.Tenant, letter.Position, cancellationToken)
            ?? throw JournalProblems.ReplayFailed.Because($"Line {letter.Position} is missing from the journal; run 'soma audit verify'.");
        try
        {
            await letters.ReplayAsync(letter, line, subscription, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            await letters.FailedAgainAsync(letter, exception, cancellationToken);
            throw JournalProblems.ReplayFailed.Because($"The consumer '{letter.Consumer}' failed again on line {letter.Position} with {exception.GetType().Name}.", exception);
        }
        return (await letters.FindAsync(id, cancellationToken))!;
    }
}
