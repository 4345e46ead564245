using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>A model as a server lists it. What the server does not say is null.</summary>
/// <param name="Id">The provider's own name of it.</param>
internal sealed record KnownModel(string Id, string Provider, long? CreatedAt, string? OwnedBy, int? ContextTokens)
{
    /// <summary>Names it whatever other providers list: <c>groq/llama-3.3-70b</c>.</summary>
    public string Qualified => Provider + "/" + Id;
}

/// <summary>A configured server of models: its address, its key, the formats it speaks and the official client for it.</summary>
internal sealed class Provider(ProviderSettings settings, HttpClient http)
{
    /// <summary>Spoken unless the caller names another; its key travels in x-api-key.</summary>
    public const string AnthropicVersion = "2023-06-01";

    public string Name => settings.Name;

    public ProviderKind Kind => settings.Kind;

    /// <summary>Ends with a slash: <c>http://127.0.0.1:11434/v1/</c>.</summary>
    public Uri BaseAddress { get; } = WithSlash(settings.Address);

    public HttpClient Http => http;

    /// <summary>Whether bytes of this format can be passed on as they are. Only OpenAI itself is taken to speak its responses API.</summary>
    public bool Speaks(WireFormat format) => format switch
    {
        WireFormat.Chat or WireFormat.Embeddings => Kind != ProviderKind.Anthropic,
        WireFormat.Responses => Kind == ProviderKind.OpenAi,
        _ => Kind == ProviderKind.Anthropic,
    };

    public static string PathOf(WireFormat format) => format switch
    {
        WireFormat.Chat => "chat/completions",
        WireFormat.Responses => "responses",
        WireFormat.Embeddings => "embeddings",
        _ => "v1/messages",
    };

    public HttpRequestMessage Request(HttpMethod method, string path, HttpContent? content = null)
    {
        var request = new HttpRequestMessage(method, new Uri(BaseAddress, path)) { Content = content };
        if (Kind == ProviderKind.Anthropic)
        {
            request.Headers.Add("anthropic-version", AnthropicVersion);
            if (settings.Key is { } apiKey) request.Headers.Add("x-api-key", apiKey);
        }
        else if (settings.Key is { } key) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return request;
    }

    /// <summary>The official client on our own transport, which carries the address guard; retries are the caller's decision, not its own.</summary>
    public IChatClient Client(string model) => Kind switch
    {
        ProviderKind.Anthropic => AnthropicChat.Create(BaseAddress, settings.Key, http, model),
        _ => new OpenAI.Chat.ChatClient(model, new ApiKeyCredential(settings.Key ?? "none"), OpenAiOptions()).AsIChatClient(),
    };

    /// <exception cref="Problem">When the server does not answer with a list of models.</exception>
    public async Task<IReadOnlyList<KnownModel>> ListModelsAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        if (settings.Models.Count > 0) return [.. settings.Models.Select(id => new KnownModel(id, Name, null, null, null))];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10), clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using var request = Request(HttpMethod.Get, Kind == ProviderKind.Anthropic ? "v1/models?limit=1000" : "models");
            using var response = await http.SendAsync(request, both.Token);
            var body = await response.Content.ReadAsByteArrayAsync(both.Token);
            if (!response.IsSuccessStatusCode) throw ProviderFailures.Refusal(response, body, clock);
            return Read(body);
        }
        catch (Exception exception) when (ProviderFailures.Explain(exception, clock, cancellationToken) is { } problem)
        {
            throw problem;
        }
    }

    internal OpenAIClientOptions OpenAiOptions() => new()
    {
        Endpoint = BaseAddress,
        Transport = new HttpClientPipelineTransport(http),
        RetryPolicy = new ClientRetryPolicy(0),
        NetworkTimeout = TimeSpan.FromMinutes(10),
    };

    private List<KnownModel> Read(byte[] body)
    {
        using var document = JsonDocument.Parse(body);
        var models = new List<KnownModel>();
        foreach (var item in document.RootElement.GetProperty("data").EnumerateArray())
        {
            if (!item.TryGetProperty("id", out var id) || id.GetString() is not { Length: > 0 } name) continue;
            var owner = item.TryGetProperty("owned_by", out var owned) && owned.ValueKind == JsonValueKind.String ? owned.GetString() : null;
            models.Add(new KnownModel(name, Name, Number(item, "created"), owner, ContextTokens(item)));
        }
        return models;
    }

    /// <summary>vLLM says max_model_len, OpenRouter context_length, Groq context_window, llama.cpp meta.n_ctx_train; OpenAI nothing.</summary>
    private static int? ContextTokens(JsonElement item)
    {
        var said = Number(item, "max_model_len") ?? Number(item, "context_length") ?? Number(item, "context_window")
            ?? (item.TryGetProperty("meta", out var meta) && meta.ValueKind == JsonValueKind.Object ? Number(meta, "n_ctx_train") : null);
        return said is > 0 and <= int.MaxValue ? (int)said : null;
    }

    private static long? Number(JsonElement item, string name) =>
        item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;

    private static Uri WithSlash(Uri address) => address.AbsoluteUri.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/");
}
