package doctor

import (
	"context"
	"net"
	"net/http"
)

// Port finds out whether the server can listen at an address that the setting of that name has. If it cannot,
// and a server of ours answers at admin, that is the one that runs.
func Port(setting, address, admin string) Check {
	return Check{Name: setting, Run: func(ctx context.Context) Finding {
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", address)
		if err == nil {
			_ = listener.Close()
			return well("%s is free", address)
		}
		if isAlive(ctx, admin) {
			return well("%s is in use, by a server that is alive", address)
		}
		return failed("end the program that listens there, or choose another address by "+setting, "%v", err)
	}}
}

func isAlive(ctx context.Context, admin string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/healthz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}
