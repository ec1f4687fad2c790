"""What the doors of WeChat and WeCom share: the encryption of callbacks, their XML, the access token, and calls to the platform."""
