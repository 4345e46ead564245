using System.Security.Cryptography;
using Google.Protobuf;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Failure.V1;
using Temporalio.Converters;
using Temporalio.Exceptions;

namespace SomaStack.Agents.Workflows;

/// <summary>Marks what holds nothing but references. Whatever is not marked is taken for contents.</summary>
internal sealed class RunPayloads : IPayloadConverter
{
    public const string Plain = "soma-plain";

    private static readonly DefaultPayloadConverter Json = new(TemporalJson.Default.Options);

    public Payload ToPayload(object? value)
    {
        var payload = Json.ToPayload(value);
        if (value is null or IReferenceOnly) payload.Metadata[Plain] = ByteString.CopyFromUtf8("1");
        return payload;
    }

    public object? ToValue(Payload payload, Type type) => Json.ToValue(payload, type);
}

/// <summary>Puts contents into the room's table, where they go with their run, and hands Temporal the digest. Also keeps payloads small, whatever a step gave.</summary>
internal sealed class ClaimCodec(ClaimStore claims, string tenant = "", string run = "") : IPayloadCodec, IWithSerializationContext<IPayloadCodec>
{
    private const string Encoding = "soma/claim";

    private static readonly ByteString Claimed = ByteString.CopyFromUtf8(Encoding);

    public IPayloadCodec WithSerializationContext(ISerializationContext context) =>
        context is ISerializationContext.IHasWorkflow { WorkflowId: { } id } && TemporalRunHost.ParseId(id) is { } named ? new ClaimCodec(claims, named.Tenant, named.Run) : this;

    public async Task<IReadOnlyCollection<Payload>> EncodeAsync(IReadOnlyCollection<Payload> payloads)
    {
        var encoded = new List<Payload>(payloads.Count);
        var kept = new List<(byte[], byte[])>();
        foreach (var payload in payloads)
        {
            if (payload.Metadata.ContainsKey(RunPayloads.Plain))
            {
                encoded.Add(payload);
                continue;
            }
            if (run.Length == 0) throw new InvalidOperationException("Contents belong to no run and are sent nowhere.");
            var data = payload.ToByteArray();
            var digest = SHA256.HashData(data);
            kept.Add((digest, data));
            var claim = new Payload { Data = ByteString.CopyFrom(digest) };
            claim.Metadata["encoding"] = Claimed;
            encoded.Add(claim);
        }
        if (kept.Count > 0) await claims.KeepAsync(tenant, run, kept);
        return encoded;
    }

    public async Task<IReadOnlyCollection<Payload>> DecodeAsync(IReadOnlyCollection<Payload> payloads)
    {
        var decoded = new List<Payload>(payloads.Count);
        foreach (var payload in payloads)
        {
            if (!payload.Metadata.TryGetValue("encoding", out var encoding) || encoding != Claimed) decoded.Add(payload);
            else if (await claims.FindAsync(tenant, run, payload.Data.ToByteArray()) is { } data) decoded.Add(Payload.Parser.ParseFrom(data));
            else throw new InvalidOperationException($"What run {run} of tenant {tenant} held is deleted.");
        }
        return decoded;
    }
}

/// <summary>Messages of exceptions may quote what a step was about; only their types go to Temporal. The log of the server has the rest.</summary>
internal sealed class RunFailures : IFailureConverter
{
    private static readonly DefaultFailureConverter Inner = new();

    public Failure ToFailure(Exception exception, IPayloadConverter converter) =>
        Inner.ToFailure(exception is FailureException ? exception : new ApplicationFailureException("See the log of the server.", errorType: exception.GetType().Name), converter);

    public Exception ToException(Failure failure, IPayloadConverter converter) => Inner.ToException(failure, converter);
}
