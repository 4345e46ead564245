using System.Text.Json.Serialization.Metadata;
using SomaStack.Agents.Voice.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Voice;

/// <summary>The journal lines of one voice, in the order in which they happened.</summary>
internal sealed class VoiceTrail(Db db, Journal journal, RequestContext context, string id) : IDisposable
{
    private readonly SemaphoreSlim _writing = new(1);
    private long _version;

    public string Id => id;

    public Task OpenedAsync(VoiceOpened opened) => AppendAsync(VoiceEvents.Opened, opened, VoiceJson.Default.VoiceOpened);

    public Task HeardAsync(VoiceHeard heard) => AppendAsync(VoiceEvents.Heard, heard, VoiceJson.Default.VoiceHeard);

    public Task SpokenAsync(VoiceSpoken spoken) => AppendAsync(VoiceEvents.Spoken, spoken, VoiceJson.Default.VoiceSpoken);

    public Task ClosedAsync(VoiceClosed closed) => AppendAsync(VoiceEvents.Closed, closed, VoiceJson.Default.VoiceClosed);

    public void Dispose() => _writing.Dispose();

    /// <summary>Not cancellable: what happened is recorded although nobody is there any more.</summary>
    private async Task AppendAsync<T>(string type, T data, JsonTypeInfo<T> shape)
    {
        await _writing.WaitAsync(CancellationToken.None);
        try
        {
            var version = _version + 1;
            await db.WriteAsync(context.Tenant, work => journal.AppendAsync(work, context, "voice/" + id, version, type, data, shape), CancellationToken.None);
            _version = version;
        }
        finally
        {
            _writing.Release();
        }
    }
}
