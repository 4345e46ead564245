import unicodedata as u, sys
# Look-alikes of Latin letters (subset of Unicode TR39 confusables that are lower-case letters after folding).
conf = {
 'а':'a','в':'b','с':'c','е':'e','ё':'e','һ':'h','і':'i','ї':'i','ј':'j','к':'k','м':'m','н':'h','о':'o','р':'p','ѕ':'s','т':'t','у':'y','х':'x','ѵ':'v','ԁ':'d','ԛ':'q','ԝ':'w','ӏ':'l','ɡ':'g',
 'α':'a','β':'b','ε':'e','η':'n','ι':'i','κ':'k','μ':'u','ν':'v','ο':'o','ρ':'p','σ':'o','τ':'t','υ':'u','χ':'x','ϲ':'c','ϳ':'j','γ':'y','ω':'w',
 'ı':'i','ɑ':'a','ⅼ':'l','ո':'n','օ':'o','ս':'u','հ':'h','ց':'g','ք':'p','ø':'o','đ':'d','ħ':'h','ł':'l','ŧ':'t','ɩ':'i','ʟ':'l','ɴ':'n','ʀ':'r','ɪ':'i','ʏ':'y','ʜ':'h','ɢ':'g','ʙ':'b','ᴀ':'a','ᴄ':'c','ᴅ':'d','ᴇ':'e','ᴊ':'j','ᴋ':'k','ᴍ':'m','ᴏ':'o','ᴘ':'p','ᴛ':'t','ᴜ':'u','ᴠ':'v','ᴡ':'w','ᴢ':'z','ꜱ':'s','ꜰ':'f',
}
def once(s):
    s = u.normalize('NFKD', s).casefold()
    s = u.normalize('NFKD', s)
    s = ''.join(c for c in s if u.category(c) not in ('Mn','Me','Cf') and not (0x115f <= ord(c) <= 0x1160) and ord(c) not in (0x3164, 0xffa0))
    return ''.join(conf.get(c, c) for c in s)
def fold(s):
    while True:
        t = once(s)
        if t == s: return s
        s = t
rows = []
for cp in range(0x80, 0x110000):
    if 0xD800 <= cp <= 0xDFFF or 0xAC00 <= cp <= 0xD7A3: continue
    c = chr(cp)
    if u.category(c) == 'Cn': continue
    f = fold(c)
    if f != c: rows.append((cp, f))
# default-ignorable tags and variation selectors supplement are Mn/Cf already
out = []; i = 0
def hx(f): return ' '.join('%X' % ord(c) for c in f)
while i < len(rows):
    cp, f = rows[i]; j = i
    # run with equal target (mostly removal)
    while j+1 < len(rows) and rows[j+1][0] == rows[j][0]+1 and rows[j+1][1] == f: j += 1
    if j > i:
        out.append('%X-%X;%s' % (cp, rows[j][0], hx(f))); i = j+1; continue
    # run with constant offset, single code points
    if len(f) == 1:
        d = ord(f) - cp
        while j+1 < len(rows) and rows[j+1][0] == rows[j][0]+1 and len(rows[j+1][1]) == 1 and ord(rows[j+1][1]) - rows[j+1][0] == d: j += 1
        if j > i:
            out.append('%X-%X;+%X' % (cp, rows[j][0], ord(f))); i = j+1; continue
    out.append('%X;%s' % (cp, hx(f))); i += 1
print('# Unicode %s: NFKD, full case folding, marks and format characters removed, look-alikes of Latin letters mapped;' % u.unidata_version)
print('# code point or range; replacement, "+X" for a range that maps onto consecutive code points from X. Made by make-folding.py.')
print('\n'.join(out))
