using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Client;

namespace SomaStack.Cli;

/// <summary>What <c>soma model test --json</c> prints.</summary>
/// <param name="LatencyMs">As this program measured it, the way to the server included.</param>
/// <param name="Cost">As the server booked it, e.g. <c>0.00012 USD</c>; null when it is unknown.</param>
internal sealed record ModelTested(string Model, double LatencyMs, long? InputTokens, long? OutputTokens, string? Cost, string Text);

internal sealed record ChatBody(string Model, IReadOnlyList<ChatBodyMessage> Messages);

internal sealed record ChatBodyMessage(string Role, string Content);

/// <summary>Models: see them, try them, compare them, choose them.</summary>
internal static class ModelCommand
{
    private const int WordsShown = 24;

    private static readonly Argument<string> Name = new("name") { Description = "A model as soma model list shows it." };
    private static readonly Argument<string> Role = new("role") { Description = "chat, planning, code, embedding, transcription or speech." };
    private static readonly Argument<string> Chosen = new("model") { Description = "A model as soma model list shows it." };
    private static readonly Argument<string> Provider = new("provider") { Description = "A name of your own: 1 to 64 characters a-z, 0-9, '-' and '_'." };
    private static readonly Option<string> Prompt = new("--prompt") { Description = "What is asked.", DefaultValueFactory = _ => "Say hello in five words." };
    private static readonly Option<string?> Measured = new("--task") { Description = "qa, summarisation, tool_calling, code, translation, embeddings or speech." };
    private static readonly Option<string> Kind = new("--kind") { Description = "openai, openai-compatible or anthropic.", DefaultValueFactory = _ => "openai-compatible" };
    private static readonly Option<string?> ProviderUrl = new("--provider-url") { Description = "Its address, with the version: https://api.groq.com/openai/v1" };
    private static readonly Option<string?> KeyEnv = new("--key-env") { Description = "The environment variable that holds its key; never the key itself." };
    private static readonly Option<string[]> Models = new("--model") { Description = "Repeat for models of a server that does not list its own." };
    private static readonly Option<string?> ProvidersFile = new("--file") { Description = "The providers file (default SOMA_PROVIDERS)." };

    public static Command Create()
    {
        Role.AcceptOnlyFromAmong("chat", "planning", "code", "embedding", "transcription", "speech");
        Measured.CompletionSources.Add("qa", "summarisation", "tool_calling", "code", "translation", "embeddings", "speech");
        Kind.AcceptOnlyFromAmong("openai", "openai-compatible", "anthropic");
        return new Command("model", "Models: see, try, compare and choose them.\n\nExamples:\n  soma model list\n  soma model test soma-extract\n  soma model add groq --provider-url https://api.groq.com/openai/v1 --key-env GROQ_API_KEY"
            + "\n  soma model score --task qa\n  soma model promote chat gpt-4o-mini")
        {
            List(), Add(), Test(), Score(), Promote(),
        };
    }

    private static Command List()
    {
        var command = new Command("list", "The models that can be asked.") { GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Url, GlobalOptions.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = await GlobalOptions.ConnectAsync(parsed, cancellationToken);
            var models = await client.GetAsync("/v1/models", cancellationToken);
            if (parsed.GetValue(GlobalOptions.Json))
            {
                Console.WriteLine(models.GetRawText());
                return 0;
            }
            Console.WriteLine($"{"model",-44} {"provider",-20} {"context",10}");
            foreach (var model in models.GetProperty("data").EnumerateArray())
                Console.WriteLine($"{Text(model, "id"),-44} {Text(model, "provider"),-20} {(Number(model, "context_tokens") is { } tokens ? tokens.ToString(CultureInfo.InvariantCulture) : "unknown"),10}");
            if (models.TryGetProperty("degraded_reasons", out var reasons))
                foreach (var reason in reasons.EnumerateArray()) Console.Error.WriteLine($"soma: the list is incomplete: {reason.GetString()}");
            return 0;
        });
        return command;
    }

    private static Command Test()
    {
        var command = new Command("test", "Ask a model one question and print how long it took and what it cost.\n\nExample:\n  soma model test gpt-4o-mini --prompt \"What is 2 + 2?\"")
        {
            Name, Prompt, GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Url, GlobalOptions.Json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = await GlobalOptions.ConnectAsync(parsed, cancellationToken);
            var name = parsed.GetValue(Name)!;
            var body = JsonSerializer.SerializeToElement(new ChatBody(name, [new ChatBodyMessage("user", parsed.GetValue(Prompt)!)]), CliJson.Default.ChatBody);
            var begun = Stopwatch.GetTimestamp();
            var answer = await AskAsync(client, name, body, cancellationToken);
            var took = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
            var usage = answer.Body.TryGetProperty("usage", out var counted) ? counted : default;
            var text = answer.Body.GetProperty("choices")[0].GetProperty("message") is var message && Text(message, "content") is { } content ? content : "";
            var tested = new ModelTested(name, Math.Round(took, 1), Number(usage, "prompt_tokens"), Number(usage, "completion_tokens"), answer.Headers.GetValueOrDefault("x-somastack-cost"), text);
            if (parsed.GetValue(GlobalOptions.Json))
            {
                Console.WriteLine(JsonSerializer.Serialize(tested, CliJson.Default.ModelTested));
                return 0;
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {tested.LatencyMs:0} ms, {Known(tested.InputTokens)} tokens in, {Known(tested.OutputTokens)} out, cost {tested.Cost ?? "unknown"}"));
            var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            Console.WriteLine("  " + string.Join(' ', words.Take(WordsShown)) + (words.Length > WordsShown ? " \u2026" : ""));
            return 0;
        });
        return command;
    }

    /// <summary>That surface's refusals have OpenAI's shape, so the reason is said here.</summary>
    private static async Task<RawAnswer> AskAsync(SomaClient client, string name, JsonElement body, CancellationToken cancellationToken)
    {
        try
        {
            return await client.SendAsync(HttpMethod.Post, "/v1/chat/completions", body, cancellationToken: cancellationToken);
        }
        catch (SomaException refusal) when (refusal.Status == 404)
        {
            throw new UsageException($"There is no model '{name}' here. See: soma model list");
        }
    }

    private static Command Score()
    {
        var command = new Command("score", "What the benchmarks found, best model first; POST /v1/run or soma bench models measures.\n\nExample:\n  soma model score --task qa")
        {
            Measured, GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Url, GlobalOptions.Json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = await GlobalOptions.ConnectAsync(parsed, cancellationToken);
            var scores = await client.GetAsync("/v1/scores" + (parsed.GetValue(Measured) is { } task ? "?task=" + Uri.EscapeDataString(task) : ""), cancellationToken);
            if (parsed.GetValue(GlobalOptions.Json))
            {
                Console.WriteLine(scores.GetRawText());
                return 0;
            }
            Console.WriteLine($"{"task",-14} {"model",-36} {"score",6}  {"95 %",-13} {"quality",8} {"cost",8} {"latency",8} {"reliable",8} {"items",6}");
            foreach (var row in scores.GetProperty("data").EnumerateArray())
                Console.WriteLine(
                    $"{Text(row, "task"),-14} {Text(row, "model"),-36} {Share(row, "score"),6}  {Share(row.GetProperty("interval"), "low")}\u2013{Share(row.GetProperty("interval"), "high"),-7} {Share(row.GetProperty("quality"), "value"),8} "
                    + $"{Share(row.GetProperty("cost"), "value"),8} {Share(row.GetProperty("latency"), "value"),8} {Share(row.GetProperty("reliability"), "value"),8} {Number(row, "items"),6}");
            if (scores.GetProperty("data").GetArrayLength() == 0) Console.Error.WriteLine("soma: nothing was measured yet. Measure with: soma bench models");
            return 0;
        });
        return command;
    }

    private static Command Promote()
    {
        var command = new Command("promote", "Make a model the tenant's primary one for a role; its other settings stay.\n\nExample:\n  soma model promote chat gpt-4o-mini")
        {
            Role, Chosen, GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Url, GlobalOptions.Json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = await GlobalOptions.ConnectAsync(parsed, cancellationToken);
            var tenant = Text(await client.GetAsync("/v1/status", cancellationToken), "tenant") ?? throw new InvalidDataException("The server does not tell the tenant.");
            var (role, model) = (parsed.GetValue(Role)!, parsed.GetValue(Chosen)!);
            // A profile may name a model that is away just now; whoever types one means one that is there.
            var known = (await client.GetAsync("/v1/models", cancellationToken)).GetProperty("data").EnumerateArray();
            if (!known.Any(one => Text(one, "id") is { } id && (id == model || Text(one, "provider") + "/" + id == model))) throw new UsageException($"There is no model '{model}' here. See: soma model list");
            var path = $"/v1/tenants/{Uri.EscapeDataString(tenant)}/model-profiles/{Uri.EscapeDataString(role)}";
            var before = (await client.SendAsync(HttpMethod.Get, path, cancellationToken: cancellationToken)).Body;
            var profile = before.TryGetProperty("profile", out var set) && set.ValueKind == JsonValueKind.Object ? JsonNode.Parse(set.GetRawText())!.AsObject() : new JsonObject();
            profile["primary"] = model;
            // A fallback to itself would only be asked twice.
            if (profile["fallbacks"] is JsonArray fallbacks) profile["fallbacks"] = new JsonArray([.. fallbacks.Where(one => (string?)one != model).Select(static one => one?.DeepClone())]);
            using var document = JsonDocument.Parse(profile.ToJsonString());
            var after = await client.SendAsync(HttpMethod.Put, path, document.RootElement, $"\"{Number(before, "version") ?? 0}\"", cancellationToken: cancellationToken);
            Console.WriteLine(parsed.GetValue(GlobalOptions.Json) ? after.Body.GetRawText() : $"{role}: {model} (version {Number(after.Body, "version")})");
            return 0;
        });
        return command;
    }

    private static Command Add()
    {
        var command = new Command("add", "Write a provider into the providers file; the server reads it when it starts.\n\nExamples:\n  soma model add groq --provider-url https://api.groq.com/openai/v1 --key-env GROQ_API_KEY"
            + "\n  soma model add local --provider-url http://127.0.0.1:11434/v1 --file providers.json")
        {
            Provider, Kind, ProviderUrl, KeyEnv, Models, ProvidersFile, GlobalOptions.Json,
        };
        command.SetAction(parsed =>
        {
            var file = parsed.GetValue(ProvidersFile) ?? Environment.GetEnvironmentVariable("SOMA_PROVIDERS") ?? throw new UsageException("Name the providers file with --file, or set SOMA_PROVIDERS.");
            var entry = Entry(parsed.GetValue(Provider)!, parsed.GetValue(Kind)!, parsed.GetValue(ProviderUrl), parsed.GetValue(KeyEnv), parsed.GetValue(Models) ?? []);
            Write(file, entry);
            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(entry.ToJsonString());
            else
                Console.WriteLine($"{file} now lists {entry["name"]}. Start the server again with SOMA_PROVIDERS={file}{(entry["key_env"] is { } key ? $" and {key} set" : "")}, then: soma model list");
            return 0;
        });
        return command;
    }

    /// <summary>The rules are those by which the server reads the file.</summary>
    private static JsonObject Entry(string name, string kind, string? url, string? keyEnv, string[] models)
    {
        if (name.Length is 0 or > 64 || !name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_')) throw new UsageException("The provider's name must have 1 to 64 characters a-z, 0-9, '-' and '_'.");
        if (url is null && kind == "openai-compatible") throw new UsageException("Name its address with --provider-url.");
        if (url is not null && (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))) throw new UsageException("--provider-url must be an address with http or https.");
        if (url is not null && new Uri(url).UserInfo.Length > 0) throw new UsageException("--provider-url must hold no user or password.");
        if (keyEnv is not null && (keyEnv.Length > 128 || char.IsAsciiDigit(keyEnv[0]) || !keyEnv.All(static c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_')))
            throw new UsageException("--key-env names an environment variable (A-Z, 0-9 and '_'), never the key itself.");
        var entry = new JsonObject { ["name"] = name, ["kind"] = kind };
        if (url is not null) entry["url"] = url;
        if (keyEnv is not null) entry["key_env"] = keyEnv;
        if (models.Length > 0) entry["models"] = new JsonArray([.. models.Select(static model => (JsonNode)model)]);
        return entry;
    }

    /// <summary>Beside it first, then in its place: a crash leaves the old file or the new one.</summary>
    private static void Write(string file, JsonObject entry)
    {
        var providers = new JsonArray();
        if (File.Exists(file))
        {
            try
            {
                providers = JsonNode.Parse(File.ReadAllBytes(file)) as JsonArray ?? throw new JsonException("It holds no list.");
            }
            catch (JsonException malformed)
            {
                throw new UsageException($"'{file}' is not a list of providers: {malformed.Message}");
            }
        }
        if (providers.Any(one => one is JsonObject known && (string?)known["name"] == (string?)entry["name"])) throw new UsageException($"'{file}' lists a provider '{entry["name"]}' already; edit it there, or choose another name.");
        providers.Add((JsonNode)entry.DeepClone());
        var next = file + ".new";
        using (var target = File.Create(next))
        using (var writer = new Utf8JsonWriter(target, new JsonWriterOptions { Indented = true })) providers.WriteTo(writer);
        File.Move(next, file, overwrite: true);
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Number(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;

    private static string Share(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble().ToString("0.000", CultureInfo.InvariantCulture) : "unknown";

    private static string Known(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "unknown";
}
