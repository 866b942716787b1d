"""How a call to a merchant's Retail Pro service says who it is (retailpro 2.4, `auth`)."""

import base64

from pydantic import SecretStr

from connectors.settings import RetailProSettings


def auth_headers(settings: RetailProSettings) -> dict[str, str]:
    """The headers that carry the credentials; none where the service wants none."""
    match settings.auth:
        case "none":
            return {}
        case "basic":
            pair = f"{settings.username}:{_secret(settings.password)}"
            return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        case "bearer":
            return {"Authorization": f"Bearer {_secret(settings.token)}"}
        case "api_key_header":
            return {settings.api_key_header: _secret(settings.token)}


def _secret(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
