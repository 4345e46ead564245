using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace SomaStack.Governance.Identity;

internal static class Answers
{
    /// <summary>204 when the work is done: there is nothing to show.</summary>
    public static async Task<NoContent> ThenNoContentAsync(this Task work)
    {
        await work;
        return TypedResults.NoContent();
    }
}
