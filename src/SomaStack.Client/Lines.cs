using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace SomaStack.Client;

/// <summary>A body of JSON lines that is written while it is sent, so that it need not fit into memory.</summary>
internal sealed class Lines : HttpContent
{
    private readonly IAsyncEnumerable<JsonElement> _items;

    public Lines(IAsyncEnumerable<JsonElement> items)
    {
        _items = items;
        Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await foreach (var item in _items.WithCancellation(cancellationToken))
        {
            await JsonSerializer.SerializeAsync(stream, item, ClientJson.Default.JsonElement, cancellationToken);
            await stream.WriteAsync("\n"u8.ToArray(), cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
