namespace SomaStack.Intelligence.Inference;

/// <summary>The formats that are spoken at our door and at a provider's; where both are the same, bytes are passed on as they are.</summary>
internal enum WireFormat
{
    /// <summary>OpenAI's <c>/v1/chat/completions</c>.</summary>
    Chat,

    /// <summary>OpenAI's <c>/v1/responses</c>.</summary>
    Responses,

    /// <summary>Anthropic's <c>/v1/messages</c>.</summary>
    Messages,

    /// <summary>OpenAI's <c>/v1/embeddings</c>.</summary>
    Embeddings,
}
