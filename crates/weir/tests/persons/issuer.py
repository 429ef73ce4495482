"""An identity provider as one would write it: keys and signatures by joserfc."""
import json, os, sys, time
from joserfc import jwk, jwt

folder = sys.argv[1]
keys = {
    "EdDSA": jwk.OKPKey.generate_key("Ed25519", {"kid": "ed", "use": "sig"}),
    "ES256": jwk.ECKey.generate_key("P-256", {"kid": "ec", "use": "sig", "alg": "ES256"}),
    "RS256": jwk.RSAKey.generate_key(2048, {"kid": "rs", "use": "sig", "alg": "RS256"}),
    "PS256": jwk.RSAKey.generate_key(2048, {"kid": "ps", "use": "sig", "alg": "PS256"}),
}
spare = jwk.OKPKey.generate_key("Ed25519", {"kid": "spare", "use": "sig"})


def key_set(*members):
    return json.dumps({"keys": [key.as_dict(private=False) for key in members]})


def write(name, text):
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)


now = int(time.time())


def claims(us_person, **more):
    told = {
        "iss": "https://id.acme.example",
        "sub": "ada",
        "aud": "weir.example",
        "iat": now,
        "exp": now + 1800,
        "verified_claims": {
            "verification": {"trust_framework": "eidas", "assurance_level": "high"},
            "claims": {"us_person": us_person, "nationalities": ["XA"], "given_name": "Ada"},
        },
    }
    told.update(more)
    return {name: value for name, value in told.items() if value is not None}


def token(alg, told, key=None, **header):
    key = key or keys[alg]
    head = {"alg": alg, "kid": key.kid, "typ": "JWT", **header}
    return jwt.encode(head, told, key, algorithms=["EdDSA", "ES256", "RS256", "PS256", "HS256", "RS512"])


good = {f"{alg}-{word}": token(alg, claims(value)) for alg in keys for word, value in (("yes", True), ("no", False))}
ed = lambda **more: token("EdDSA", claims(True, **more))
wrong = {
    "iss": ed(iss="https://id.other.example"),
    "aud": ed(aud="elsewhere.example"),
    "aud missing": ed(aud=None),
    "exp passed": ed(iat=now - 3000, exp=now - 10),
    "exp too far": ed(exp=now + 7200),
    "exp missing": ed(exp=None),
    "iat ahead": ed(iat=now + 600, exp=now + 1200),
    "iat missing": ed(iat=None),
    "sub missing": ed(sub=None),
    "verified_claims missing": ed(verified_claims=None),
    "weir_account": ed(weir_account="acme/another"),
    "signature": ed()[:-8] + "AAAAAAAA",
    "another key": token("EdDSA", claims(True), key=spare),
    "kid of another key": token("EdDSA", claims(True), key=spare, kid="ed"),
    "wrong type": ed(verified_claims={"verification": {"trust_framework": "own"}, "claims": {"us_person": "yes"}}),
    "shared secret": token("HS256", claims(True), key=jwk.OctKey.import_key(b"k" * 32), kid="ed"),
    "critical": token("EdDSA", claims(True), b64=True, crit=["b64"]),
    "not a token": "ada",
}
# Where a token says its key is must not be looked at.
hinted = token("EdDSA", claims(True), jku="https://evil.example/keys", jwk=spare.as_dict(private=False))
write("keys.json", key_set(*keys.values()))
write("rotated.json", key_set(spare))
write("tokens.json", json.dumps({
    "good": good,
    "wrong": wrong,
    "hinted": hinted,
    "spare": token("EdDSA", claims(True), key=spare),
    "bound": ed(weir_account="acme/ci"),
    "once": ed(jti="id-1", iat=now + 2, iss="https://once.acme.example"),
    "another": ed(jti="id-2", iss="https://once.acme.example"),
    "brief": ed(iat=now, exp=now + 5),
    "no jti": ed(iss="https://once.acme.example", iat=now + 2),
}))
