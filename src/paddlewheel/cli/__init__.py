"""The command `paddlewheel`: thin files over the studies."""
