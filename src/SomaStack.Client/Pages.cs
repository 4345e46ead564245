using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace SomaStack.Client;

/// <summary>One page of a list; <c>NextCursor</c> is null on the last.</summary>
internal sealed record Page<T>(IReadOnlyList<T>? Data, string? NextCursor);

internal static class Pages
{
    /// <summary>Every item of a list; pages are fetched as they are needed.</summary>
    public static async IAsyncEnumerable<T> AllAsync<T>(Transport transport, Func<string?, string> path, JsonTypeInfo<Page<T>> shape, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var page = await transport.JsonAsync(Call.Get(path(cursor)), shape, cancellationToken);
            foreach (var item in page.Data ?? []) yield return item;
            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    /// <summary>Each line of a body as it comes; empty lines are passed over.</summary>
    public static async IAsyncEnumerable<JsonElement> LinesAsync(Transport transport, Call call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await transport.SendAsync(call with { Streams = true }, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
            if (line.Length > 0) yield return JsonSerializer.Deserialize(line, ClientJson.Default.JsonElement);
    }
}
