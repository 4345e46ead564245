using System.Security.Cryptography;
using System.Text;

namespace SomaStack.Governance.Identity;

/// <summary>How the pages without script look: the colours of the console, in one style element that the content policy names by its hash.</summary>
internal static class PageStyle
{
    private const string Css = """
        :root{--bg:#f9fafa;--card:#fff;--line:#dfe3e4;--field:#7d8688;--text:#1b2325;--muted:#535d60;--go:#1f3236;--on:#fff;--accent:#00696a;--bad:#b3261e;--soft:#fdf1ef}
        @media(prefers-color-scheme:dark){:root{--bg:#111617;--card:#181e20;--line:#2d3537;--field:#7c8688;--text:#e6ebec;--muted:#a3adb0;--go:#d3e5e7;--on:#121a1c;--accent:#6fcfc8;--bad:#ff9d94;--soft:#3a1f1c}}
        *{box-sizing:border-box}
        body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:24px;background:var(--bg);color:var(--text);font:15px/1.5 'Inter Variable',system-ui,-apple-system,'Segoe UI',sans-serif}
        main{width:100%;max-width:400px;padding:32px;background:var(--card);border:1px solid var(--line);border-radius:14px}
        main::before{content:'SomaStack';display:block;margin-bottom:20px;color:var(--accent);font-weight:650;letter-spacing:-.01em}
        h1{margin:0 0 8px;font-size:22px;line-height:1.25;letter-spacing:-.01em}
        h2{margin:28px 0 4px;font-size:16px}
        p{margin:8px 0 14px;color:var(--muted)}
        ul{margin:8px 0 14px;padding-inline-start:20px;color:var(--muted)}
        strong,label{color:var(--text)}
        label{font-size:14px;font-weight:550}
        a{color:var(--accent)}
        code{font:13px ui-monospace,'Cascadia Mono',monospace;overflow-wrap:anywhere}
        input:not([type=hidden]){width:100%;height:40px;margin-top:4px;padding:0 12px;border:1px solid var(--field);border-radius:8px;background:var(--card);color:var(--text);font:inherit;font-weight:400}
        button{min-height:40px;padding:0 18px;border:0;border-radius:8px;background:var(--go);color:var(--on);font:inherit;font-weight:600;cursor:pointer}
        button[value=deny]{background:none;color:var(--text);border:1px solid var(--field)}
        input:focus-visible,button:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
        [role=alert]{margin:0 0 16px;padding:10px 12px;border-radius:8px;background:var(--soft);color:var(--bad)}
        """;

    public const string Element = $"<style>{Css}</style>";

    /// <summary>For <c>style-src</c>.</summary>
    public static readonly string Source = $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Css.ReplaceLineEndings("\n"))))}'";
}
