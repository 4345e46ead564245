using Microsoft.AspNetCore.Http;
using SomaStack.Server.Edge;

namespace SomaStack.Tests.Edge;

/// <summary>Where a credential may stand in a request.</summary>
public sealed class CredentialTests
{
    [Theory]
    [InlineData("Bearer a", "", "a")]
    [InlineData("bearer  a ", "b", "a")]
    [InlineData("", " b ", "b")]
    [InlineData("Basic a", "b", null)]
    [InlineData("", "", null)]
    public void An_api_key_may_stand_in_its_own_header_where_there_is_no_authorization(string authorization, string key, string? credential)
    {
        var request = new DefaultHttpContext().Request;
        if (authorization.Length > 0) request.Headers.Authorization = authorization;
        if (key.Length > 0) request.Headers["x-api-key"] = key;
        Assert.Equal(credential, Admission.Credential(request));
    }

    [Fact]
    public void Two_of_either_are_none()
    {
        var request = new DefaultHttpContext().Request;
        request.Headers["x-api-key"] = new(["a", "b"]);
        Assert.Null(Admission.Credential(request));
        request.Headers.Authorization = new(["Bearer a", "Bearer b"]);
        Assert.Null(Admission.Credential(request));
    }
}
