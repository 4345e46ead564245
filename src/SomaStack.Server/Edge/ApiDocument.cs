using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Scalar.AspNetCore;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>OpenAPI 3.1 at <c>/openapi/v1.json</c>, made from the routes themselves, and a reader of it at <c>/docs</c> that loads nothing from elsewhere.</summary>
internal static class ApiDocument
{
    private const string ReaderPolicy =
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

    public static void Add(IServiceCollection services) => services.AddOpenApi("v1", static document =>
    {
        document.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        var named = new ConcurrentDictionary<string, Type>(StringComparer.Ordinal);
        document.CreateSchemaReferenceId = shape => NameOf(shape, named);
        document.AddDocumentTransformer(static (api, _, _) =>
        {
            Describe(api);
            return Task.CompletedTask;
        });
        document.AddOperationTransformer(static (operation, context, _) =>
        {
            Describe(operation, context);
            return Task.CompletedTask;
        });
    });

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi("/openapi/{documentName}.json").Public();
        routes.MapScalarApiReference("/docs", static reader =>
        {
            reader.WithTitle("SomaStack").WithOpenApiRoutePattern("/openapi/v1.json");
            reader.DefaultFonts = false;
            reader.Telemetry = false;
        }).Public().WithMetadata(new ContentPolicy(ReaderPolicy));
    }

    /// <summary>Use cases may name their own shapes Request and Response; their class tells them apart.</summary>
    /// <exception cref="InvalidOperationException">Two shapes have one name, so that one would be described as the other.</exception>
    private static string? NameOf(JsonTypeInfo shape, ConcurrentDictionary<string, Type> named)
    {
        if (OpenApiOptions.CreateDefaultSchemaReferenceId(shape) is not { } name) return null;
        if (shape.Type is { DeclaringType: { } owner, IsGenericType: false }) name = owner.Name + name;
        var type = Nullable.GetUnderlyingType(shape.Type) ?? shape.Type;
        if (named.GetOrAdd(name, type) is { } first && first != type) throw new InvalidOperationException($"{first} and {type} are both called '{name}' in the API document; rename one.");
        return name;
    }

    private static void Describe(OpenApiDocument api)
    {
        api.Info = new OpenApiInfo { Title = "SomaStack", Version = Status.Version, License = new OpenApiLicense { Name = "Apache-2.0", Identifier = "Apache-2.0" } };
        // The document is the same wherever it is served.
        api.Servers = [new OpenApiServer { Url = "/" }];
        api.Components ??= new OpenApiComponents();
        api.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An ES256 access token or an API key soma_sk_…" },
        };
        api.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        api.Components.Schemas["Problem"] = ProblemSchema();
    }

    private static void Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var method = context.Description.HttpMethod ?? "GET";
        operation.OperationId ??= Name(method, context.Description.RelativePath ?? "");
        var access = metadata.OfType<Access>().LastOrDefault();
        if (access?.Capability is { } capability)
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", context.Document)] = [] }];
            if (capability.Length > 0) operation.AddExtension("x-capability", new JsonNodeExtension(JsonValue.Create(capability)));
            if (method is not ("GET" or "HEAD") && !metadata.OfType<NotReplayed>().Any()) operation.AddParameter(KeyParameter());
        }
        operation.Responses ??= [];
        operation.Responses["default"] = new OpenApiResponse
        {
            Description = "A refusal; see docs/errors.md for the codes.",
            Content = new Dictionary<string, OpenApiMediaType>
            {
                [ProblemAnswer.ContentType] = new OpenApiMediaType { Schema = new OpenApiSchemaReference("Problem", context.Document) },
            },
        };
    }

    private static void AddParameter(this OpenApiOperation operation, OpenApiParameter parameter) => (operation.Parameters ??= []).Add(parameter);

    private static OpenApiParameter KeyParameter() => new()
    {
        Name = "Idempotency-Key",
        In = ParameterLocation.Header,
        Description = "Repeat the request with the same key and get the same answer, for 24 hours.",
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = 255 },
    };

    /// <summary><c>POST v1/sessions/{id}/messages</c> as <c>post_v1_sessions_id_messages</c>.</summary>
    private static string Name(string method, string path)
    {
        var name = new System.Text.StringBuilder(method.ToLowerInvariant());
        foreach (var part in path.Split('/', '{', '}', '.', '-', ':'))
            if (part.Length > 0) name.Append('_').Append(part.Replace("*", "", StringComparison.Ordinal));
        return name.ToString();
    }

    private static OpenApiSchema ProblemSchema()
    {
        static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };
        return new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Description = "RFC 9457 problem details.",
            Required = new HashSet<string> { "type", "title", "status", "detail", "code", "remedy", "trace_id" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["type"] = Text("Where the code is explained."),
                ["title"] = Text("What the code means."),
                ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer },
                ["detail"] = Text("What was wrong this time."),
                ["code"] = Text("Stable; act on this."),
                ["remedy"] = Text("What to do."),
                ["trace_id"] = Text("32 hex digits."),
                ["reasons"] = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.Object } },
                ["errors"] = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.Object } },
            },
        };
    }
}
